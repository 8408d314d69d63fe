package pay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Output is the file that an answer goes to. It is prepared before anything is
// paid, and appears under its name only when it is whole.
type Output struct {
	path string
	file *os.File
}

// NewOutput makes sure that path can be written.
func NewOutput(path string) (*Output, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("output %s is a folder", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".forge-pay-*")
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", path, err)
	}
	return &Output{path, f}, nil
}

// Write puts body at the path.
func (o *Output) Write(body []byte) error {
	_, err := o.file.Write(body)
	err = errors.Join(err, o.file.Chmod(0o644), o.file.Close())
	if err == nil {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		return fmt.Errorf("output %s: %w", o.path, err)
	}
	return nil
}

// Close removes what was prepared and not used.
func (o *Output) Close() {
	_ = o.file.Close()           // it may be closed already
	_ = os.Remove(o.file.Name()) // and have its name
}
