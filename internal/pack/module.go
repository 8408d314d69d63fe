package pack

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/insforge/forge/generator"
)

// IsModule reports whether source names a module and not a folder: a module path
// and a version, joined by @.
func IsModule(source string) bool {
	name, version, ok := strings.Cut(source, "@")
	return ok && version != "" && module.CheckPath(name) == nil
}

var (
	// ErrNoGo is that there is no Go tool to download with.
	ErrNoGo = errors.New("there is no go command to download it with")
	// ErrMismatch is that a module is not what it once was.
	ErrMismatch = errors.New("checksum mismatch")
	// ErrUnreachable is that the module is not on this machine, and where it is
	// could not be asked.
	ErrUnreachable = errors.New("cannot be downloaded")
)

// downloadTime is how long the Go tool gets. Nothing of a pack takes long.
const downloadTime = 3 * time.Minute

// downloaded is what go mod download says of a module.
type downloaded struct {
	Path, Version, Zip, Sum, Error string
}

// Module has the Go tool download the module source, a module path and a version
// or a query such as latest, and check it against the checksum database. A
// version that the module cache has takes no network. What is read is the cached
// zip file, whose bytes have to have the checksum, too. Offline, the cache is all
// that is asked.
func Module(ctx context.Context, source string, offline bool) (generator.Pack, error) {
	said, err := download(ctx, source, offline)
	if err != nil {
		return generator.Pack{}, err
	}
	label := said.Path + "@" + said.Version
	zipped, err := readBounded(said.Zip, label)
	if err != nil {
		return generator.Pack{}, err
	}
	r := zipReader{problems: problems{pack: label}, prefix: label + "/"}
	if err := r.read(zipped); err != nil {
		return generator.Pack{}, err
	}
	hash, err := hashOf(r.all, r.prefix)
	if err != nil {
		return generator.Pack{}, err
	}
	if hash != said.Sum {
		return generator.Pack{}, fmt.Errorf("%s: %w: the module cache has %s, which has to be %s", label, ErrMismatch, hash, said.Sum)
	}
	fsys, err := snapshot(r.files)
	if err != nil {
		return generator.Pack{}, err
	}
	p, err := generator.NewPack(label, hash, len(r.files), fsys)
	if err != nil {
		return p, err
	}
	if v := semver.Canonical(said.Version); !module.IsPseudoVersion(v) && v != "v"+p.Version {
		return p, &ProblemError{Pack: label, Path: "pack.toml", What: fmt.Sprintf(
			"says version %s, and the module is %s: the two have to agree, tell the pack's author", p.Version, said.Version)}
	}
	p.Source = label
	return p, nil
}

func download(ctx context.Context, source string, offline bool) (downloaded, error) {
	var said downloaded
	tool, err := exec.LookPath("go")
	if err != nil {
		return said, fmt.Errorf("%s: %w", source, ErrNoGo)
	}
	// An empty folder, so that no go.mod and go.work around forge has a say.
	dir, err := os.MkdirTemp("", "forge-pack-")
	if err != nil {
		return said, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	within, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	cmd := exec.CommandContext(within, tool, "mod", "download", "-json", source)
	cmd.Dir = dir
	// A module that wants a newer Go gets none: another toolchain would be a
	// program to run.
	cmd.Env = append(cmd.Environ(), "GOFLAGS=-mod=mod", "GO111MODULE=on", "GOWORK=off", "GOTOOLCHAIN=local", "GIT_TERMINAL_PROMPT=0")
	if offline {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return said, ctx.Err()
	case within.Err() != nil:
		return said, fmt.Errorf("%s: %w: it took longer than %s", source, ErrUnreachable, downloadTime)
	}
	if decodeErr := json.Unmarshal(out, &said); decodeErr == nil && said.Error == "" && err == nil {
		return said, nil
	}
	return said, refused(source, said.Error+"\n"+stderr.String(), err)
}

// refused is what the Go tool said, as one of the errors above.
func refused(source, text string, err error) error {
	text = strings.TrimSpace(text)
	if text == "" && err != nil {
		text = err.Error()
	}
	if strings.Contains(text, "checksum mismatch") || strings.Contains(text, "SECURITY ERROR") {
		return fmt.Errorf("%s: %w: %s", source, ErrMismatch, text)
	}
	return fmt.Errorf("%s: %w: %s", source, ErrUnreachable, text)
}

// readBounded reads the module's zip file, however large it is said to be.
func readBounded(name, label string) ([]byte, error) {
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxZip+1))
	if err == nil && len(data) > maxZip {
		err = &ProblemError{Pack: label, What: fmt.Sprintf("its zip file is larger than %d bytes: a pack holds templates alone", maxZip)}
	}
	return data, err
}

// zipReader reads a module's zip file.
type zipReader struct {
	problems
	prefix string
	all    []file // what the hash is of
	files  []file // the templates among them
}

func (r *zipReader) read(zipped []byte) error {
	z, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return fmt.Errorf("%s: the module's zip file: %w", r.pack, err)
	}
	// What the zip file says of itself costs nothing to check; what it says is
	// not believed when it is unpacked.
	var unpacked uint64
	for _, f := range z.File {
		unpacked += min(f.UncompressedSize64, maxUnpacked+1)
	}
	if len(z.File) > maxFiles {
		r.add("", "has %d files, more than %d: a pack holds templates alone", len(z.File), maxFiles)
	}
	if unpacked > maxUnpacked {
		r.add("", "unpacks to more than %d bytes: a pack holds templates alone", maxUnpacked)
	}
	if err := r.err(); err != nil {
		return err
	}
	left := int64(maxUnpacked)
	var names []string
	packed := 0
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, r.prefix)
		if !ok {
			r.add(f.Name, "is outside %s", r.prefix)
			continue
		}
		if !f.Mode().IsRegular() {
			r.add(name, "is no regular file")
			continue
		}
		templates := isTemplates(name)
		if templates && !r.checkName(name) {
			continue
		}
		data, err := unpack(f, left)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", r.pack, printable(name), err)
		}
		if left -= int64(len(data)); left < 0 {
			r.add("", "unpacks to more than %d bytes: a pack holds templates alone", maxUnpacked)
			return r.err()
		}
		r.all = append(r.all, file{name, data})
		if !templates {
			continue
		}
		if len(data) > maxFile {
			r.add(name, "is larger than %d bytes: a template is smaller", maxFile)
		}
		packed += len(data)
		names = append(names, name)
		r.files = append(r.files, file{name, data})
	}
	if packed > maxPack {
		r.add("", "is larger than %d bytes altogether: a pack holds templates alone", maxPack)
	}
	r.checkCase(names)
	return r.err()
}

// unpack reads f, and one byte more than left if there are that many.
func unpack(f *zip.File, left int64) ([]byte, error) {
	from, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(from, left+1))
	return data, errors.Join(err, from.Close())
}
