package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/shop/internal/payment/ledger"
)

func TestJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := ledger.NewJournal(dir)
	if err := j.Replay(func(ledger.Entry) error { return errors.New("called") }); err != nil {
		t.Errorf("Replay without a folder: %v", err)
	}
	if err := j.Prepare(); err != nil {
		t.Fatal(err)
	}
	first := ledger.Entry{Time: time.Unix(1, 0).UTC(), Claim: "00000000-0000-4000-8000-000000000001", Transaction: "0xaa", Amount: "10000"}
	second := first
	second.Claim, second.Transaction = "00000000-0000-4000-8000-000000000002", "0xbb"
	if err := errors.Join(j.Add(first), j.Add(second), j.Add(second)); err != nil {
		t.Fatal(err)
	}
	if err := j.Add(ledger.Entry{Claim: "../../escaped"}); err == nil {
		t.Error("Add took a claim that is a path")
	}
	if err := os.WriteFile(filepath.Join(dir, ".new-crashed"), []byte(`{"cl`), 0o600); err != nil {
		t.Fatal(err)
	}

	// What the ledger does not take stays.
	var seen []string
	err := j.Replay(func(e ledger.Entry) error {
		seen = append(seen, e.Transaction)
		if e == first {
			return nil
		}
		return ledger.ErrNotHeld
	})
	if !errors.Is(err, ledger.ErrNotHeld) || strings.Join(seen, " ") != "0xaa 0xbb" {
		t.Errorf("Replay = %v after %v", err, seen)
	}
	// Another process goes on from there.
	seen = nil
	err = ledger.NewJournal(dir).Replay(func(e ledger.Entry) error {
		seen = append(seen, e.Transaction)
		return nil
	})
	if err != nil || strings.Join(seen, " ") != "0xbb" {
		t.Errorf("second Replay = %v after %v", err, seen)
	}
}

func TestJournalIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := ledger.NewJournal(dir)
	if err := j.Add(ledger.Entry{Claim: "00000000-0000-4000-8000-000000000001"}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "00000000-0000-4000-8000-000000000001.json"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestJournalThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := ledger.NewJournal(filepath.Join(file, "journal"))
	if j.Prepare() == nil || j.Add(ledger.Entry{Claim: "00000000-0000-4000-8000-000000000001"}) == nil {
		t.Error("a journal below a file can be written")
	}
}
