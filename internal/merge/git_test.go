package merge

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// gitMerge merges s with git merge-file in the folder dir.
func gitMerge(dir string, s sides) (merged string, clean bool, err error) {
	cmd := exec.Command("git", "merge-file", "-p", "user", "base", "target")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	for name, text := range map[string]string{"user": s.user, "base": s.base, "target": s.target} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", false, err
		}
	}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() < 128 {
		return string(out), false, nil // the number of conflicts
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = fmt.Errorf("these tests compare with git: install git: %w", err)
	}
	return string(out), err == nil, err
}

// verdict is how a merge compares with git's.
type verdict int

const (
	bothClean verdict = iota
	bothConflict
	extraConflict // only ours
	wrong         // see problem
)

// compare merges s and returns what is wrong with that, if anything is.
func compare(dir string, s sides) (v verdict, problem string, err error) {
	r := s.merge()
	got := string(r.Data)
	want, clean, err := gitMerge(dir, s)
	if err != nil {
		return wrong, "", err
	}
	for line := range strings.Lines(s.user) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.Contains(s.base, line) && !strings.Contains(got, line) {
			return wrong, fmt.Sprintf("lost the user's line %q", line), nil
		}
	}
	switch ours := len(r.Conflicts) == 0; {
	case ours && !clean:
		return wrong, "git has a conflict, the merge is clean", nil
	case ours && got != want:
		return wrong, fmt.Sprintf("both are clean, but git has %q", want), nil
	case ours:
		return bothClean, "", nil
	case clean:
		return extraConflict, "", nil
	}
	return bothConflict, "", nil
}

// report fails t with the smallest sides that have the same problem as s.
func report(t *testing.T, dir string, s sides) {
	t.Helper()
	s = shrink(s, func(s sides) bool {
		v, _, err := compare(dir, s)
		return err == nil && v == wrong
	})
	_, problem, _ := compare(dir, s)
	t.Errorf("Lines(\n\tbase   %q,\n\tuser   %q,\n\ttarget %q,\n) = %q: %s", s.base, s.user, s.target, s.merge().Data, problem)
}

// shrink takes lines away from s, from one side or from all, as long as it
// still fails.
func shrink(s sides, fails func(sides) bool) sides {
	for smaller := true; smaller; {
		smaller = false
		try := func(t sides) {
			if t != s && fails(t) {
				s, smaller = t, true
			}
		}
		for line := range strings.Lines(s.base + "\n" + s.user + "\n" + s.target) {
			without := func(text string) string {
				return strings.Join(slices.DeleteFunc(splitLines([]byte(text)), func(l string) bool { return l == line }), "")
			}
			try(sides{without(s.base), without(s.user), without(s.target)})
		}
		for _, side := range []func(*sides) *string{
			func(s *sides) *string { return &s.base },
			func(s *sides) *string { return &s.user },
			func(s *sides) *string { return &s.target },
		} {
			for i := len(splitLines([]byte(*side(&s)))) - 1; i >= 0; i-- {
				t := s
				lines := splitLines([]byte(*side(&t)))
				*side(&t) = strings.Join(slices.Delete(lines, i, i+1), "")
				try(t)
			}
		}
	}
	return s
}

// TestLines_agreesWithGit merges random files. A conflict that git has and
// Lines does not fails it, and so do bytes that differ.
func TestLines_agreesWithGit(t *testing.T) {
	merges := 5000
	if os.Getenv("FORGE_SOAK") != "" {
		merges = 100_000
	}
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)

	// The soak is to find new merges each time, so its seeds are random.
	first := uint64(0)
	if merges > 5000 {
		first = rand.Uint64()
		t.Logf("seeds from %d", first)
	}
	type job struct {
		kind string
		seed uint64
	}
	jobs := make(chan job)
	var mu sync.Mutex
	counts := make(map[string]*[wrong + 1]int)
	for _, name := range names {
		counts[name] = new([wrong + 1]int)
	}
	var workers sync.WaitGroup
	for range runtime.NumCPU() + 1 { // git waits for the disk
		dir := t.TempDir()
		workers.Go(func() {
			for j := range jobs {
				s := newSides(j.kind, j.seed)
				v, _, err := compare(dir, s)
				if err != nil {
					t.Errorf("%s %d: %v", j.kind, j.seed, err)
					continue
				}
				mu.Lock()
				counts[j.kind][v]++
				mu.Unlock()
				if v == wrong {
					report(t, dir, s)
				}
			}
		})
	}
	for i := range merges {
		jobs <- job{names[i%len(names)], first + uint64(i)}
	}
	close(jobs)
	workers.Wait()

	for _, name := range names {
		c := counts[name]
		t.Logf("%-10s clean/clean %d, conflict/conflict %d, extra conflicts %d, wrong %d",
			name, c[bothClean], c[bothConflict], c[extraConflict], c[wrong])
		if c[bothClean] == 0 || c[bothConflict] == 0 {
			t.Errorf("%s: the merges made prove too little", name)
		}
	}
	if extra, all := counts["code"][extraConflict], merges/len(names); extra*100 > all*2 {
		t.Errorf("%d of %d merges of code have a conflict that git does not have, want at most 2 %%", extra, all)
	}
}

// FuzzMerge compares with git what the random files above do not think of.
func FuzzMerge(f *testing.F) {
	for _, c := range lineCases() {
		if len(c.base) < 1000 {
			f.Add([]byte(c.base), []byte(c.user), []byte(c.target))
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, base, user, target []byte) {
		if bytes.IndexByte(slices.Concat(base, user, target), 0) >= 0 {
			return // git does not merge binary files either
		}
		s := sides{string(base), string(user), string(target)}
		switch v, _, err := compare(dir, s); {
		case err != nil:
			t.Fatal(err)
		case v == wrong:
			report(t, dir, s)
		}
	})
}
