package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Entry is a settlement that the ledger could not be told of.
type Entry struct {
	Time        time.Time `json:"time"`
	Claim       string    `json:"claim"`
	Transaction string    `json:"transaction"`
	Network     string    `json:"network"`
	Asset       string    `json:"asset"`
	Payer       string    `json:"payer"`
	Nonce       string    `json:"nonce"`
	Amount      string    `json:"amount"`
	Resource    string    `json:"resource"`
}

// Journal keeps settlements on disk until the ledger knows of them. Each is one
// line of JSON in a file of its own, so that one can be added while another is
// taken out, by any number of processes, and a crash loses none.
type Journal struct {
	dir string
}

// NewJournal returns the journal in a folder, without touching it.
func NewJournal(dir string) *Journal { return &Journal{dir} }

// Prepare makes the folder and proves that it can be written to.
func (j *Journal) Prepare() error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return fmt.Errorf("payment journal: %w", err)
	}
	probe, err := os.CreateTemp(j.dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("payment journal: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("payment journal: %w", err)
	}
	return nil
}

// Add keeps an entry. When it returns nil, the entry survives a power cut.
func (j *Journal) Add(e Entry) error {
	if err := j.add(e); err != nil {
		return fmt.Errorf("payment journal: %w", err)
	}
	return nil
}

func (j *Journal) add(e Entry) error {
	if !claimID.MatchString(e.Claim) { // it becomes a file name
		return errors.New("the claim is no UUID")
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(j.dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), j.path(e.Claim))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return j.sync()
}

// Replay hands each entry to record and drops those it accepts. An entry whose
// drop is lost in a crash is handed over again.
func (j *Journal) Replay(record func(Entry) error) error {
	files, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("payment journal: %w", err)
	}
	var problems []error
	for _, file := range files {
		if filepath.Ext(file.Name()) != ".json" {
			continue
		}
		if err := j.replay(file.Name(), record); err != nil {
			problems = append(problems, fmt.Errorf("payment journal: %s: %w", file.Name(), err))
		}
	}
	return errors.Join(problems...)
}

func (j *Journal) replay(name string, record func(Entry) error) error {
	path := filepath.Join(j.dir, name)
	line, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if err := record(e); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return j.sync()
}

// sync makes changes of the folder itself last.
func (j *Journal) sync() error {
	dir, err := os.Open(j.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (j *Journal) path(claim string) string { return filepath.Join(j.dir, claim+".json") }

var claimID = regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)

// IsClaim says whether s looks like the ID of a claim.
func IsClaim(s string) bool { return claimID.MatchString(s) }
