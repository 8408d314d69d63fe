package golden

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkNew measures whole processes: forge new of the largest combination,
// beside `cp -r` of the same tree and beside forge doing nothing, in one run.
// `make bench` builds the binary and says where it is.
func BenchmarkNew(b *testing.B) {
	forge, err := filepath.Abs(filepath.Join("..", ".bin", "forge"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(forge); err != nil {
		b.Fatalf("%v; run make bench, which builds it", err)
	}
	args := []string{"new", "shop", "--auth", "clerk", "--payments", "okx-x402", "--defaults"}
	model := filepath.Join(b.TempDir(), "model")
	if err := os.Mkdir(model, 0o755); err != nil {
		b.Fatal(err)
	}
	process(b, model, forge, args...)

	// The copy goes first: forge flushes its files, and a copy that has to share
	// the disk with that looks slower than it is.
	b.Run("cp", func(b *testing.B) { each(b, "cp", "-r", filepath.Join(model, "shop"), "shop") })
	b.Run("forge", func(b *testing.B) { each(b, forge, args...) })
	b.Run("start", func(b *testing.B) { each(b, forge, "version") })
}

// each runs one process for each iteration, each in a folder of its own.
func each(b *testing.B, name string, args ...string) {
	dir := b.TempDir()
	var peak int64
	i := 0
	for b.Loop() {
		at := filepath.Join(dir, strconv.Itoa(i))
		i++
		if err := os.Mkdir(at, 0o755); err != nil {
			b.Fatal(err)
		}
		peak = max(peak, process(b, at, name, args...))
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
}

// process runs a command to its end and returns the most memory it held.
func process(b *testing.B, dir, name string, args ...string) int64 {
	b.Helper()
	cmd := exec.Command(name, args...) //nolint:noctx // short-lived
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return peakMemory(cmd.ProcessState)
}
