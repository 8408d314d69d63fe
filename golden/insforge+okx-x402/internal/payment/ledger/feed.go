package ledger

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	lookEvery  = 2 * time.Second
	maxReaders = 100
)

// ErrNoFeed says that nobody can be told of changes now: there are too many
// readers, or the server stops.
var ErrNoFeed = errors.New("no feed of changes")

// Feed tells its readers that the ledger has changed, whichever server changed
// it. It looks once for all of them, and not at all while there are none. It is
// safe for concurrent use.
type Feed struct {
	look func(context.Context) (version string, err error)
	log  *slog.Logger
	wake chan struct{} // there is a reader

	mu      sync.Mutex
	readers map[chan string]bool
	version string // what readers were told last; empty if that is long ago
	ended   bool
}

// NewFeed returns a feed of what look finds. It begins with Run.
func NewFeed(look func(context.Context) (version string, err error), log *slog.Logger) *Feed {
	return &Feed{look: look, log: log, wake: make(chan struct{}, 1), readers: map[chan string]bool{}}
}

// Join adds a reader, who is told the version of the ledger now and after each
// change, until leave is called. A slow reader misses versions, but never the
// newest. The channel is closed when the feed ends.
func (f *Feed) Join() (versions <-chan string, leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || len(f.readers) >= maxReaders {
		return nil, nil, ErrNoFeed
	}
	reader := make(chan string, 1)
	if f.version != "" {
		reader <- f.version
	}
	f.readers[reader] = true
	select {
	case f.wake <- struct{}{}:
	default: // it is on its way already
	}
	return reader, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.readers, reader)
	}, nil
}

// Run looks for changes until ctx ends, which ends the feed.
func (f *Feed) Run(ctx context.Context) {
	defer f.end()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		for f.read() {
			version, err := f.look(ctx)
			switch {
			case err == nil:
				f.tell(version)
			case ctx.Err() == nil && !failing: // once is enough
				f.log.WarnContext(ctx, "changes of the ledger cannot be seen", "error", err)
			}
			failing = err != nil
			select {
			case <-ctx.Done():
				return
			case <-time.After(lookEvery):
			}
		}
	}
}

// read says whether anybody reads.
func (f *Feed) read() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.readers) == 0 {
		f.version = "" // the next reader is not told what is long past
		return false
	}
	return true
}

func (f *Feed) tell(version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version == f.version {
		return
	}
	f.version = version
	for reader := range f.readers {
		select {
		case <-reader: // the one before was not read yet
		default:
		}
		reader <- version
	}
}

func (f *Feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	for reader := range f.readers {
		close(reader)
	}
	clear(f.readers)
}
