package generations

import (
	"bytes"
	"io/fs"
	"strconv"
	"strings"
	"testing"
)

// TestOverlays_holdDifferencesOnly: a file that equals the one below it would
// hide a change to that one.
func TestOverlays_holdDifferencesOnly(t *testing.T) {
	for n := 2; n <= Latest; n++ {
		below, dir := FS(n-1), strconv.Itoa(n)
		err := fs.WalkDir(overlays, dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(overlays, name)
			if err != nil {
				return err
			}
			same, err := fs.ReadFile(below, strings.TrimPrefix(name, dir+"/"))
			if err == nil && bytes.Equal(data, same) {
				t.Errorf("%s is no different from generation %d", name, n-1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
