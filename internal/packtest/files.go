package packtest

import (
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// memory is a file of a module that is on no disk.
type memory struct{ name, data string }

func (m memory) Path() string                { return m.name }
func (m memory) Lstat() (fs.FileInfo, error) { return m, nil }
func (m memory) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(m.data)), nil
}
func (m memory) Name() string       { return path.Base(m.name) }
func (m memory) Size() int64        { return int64(len(m.data)) }
func (m memory) Mode() fs.FileMode  { return 0o644 }
func (m memory) ModTime() time.Time { return time.Time{} }
func (m memory) IsDir() bool        { return false }
func (m memory) Sys() any           { return nil }

// onDisk is a file of a module at another name.
type onDisk struct{ name, file string }

func (o onDisk) Path() string                 { return o.name }
func (o onDisk) Lstat() (fs.FileInfo, error)  { return os.Lstat(o.file) }
func (o onDisk) Open() (io.ReadCloser, error) { return os.Open(o.file) }
