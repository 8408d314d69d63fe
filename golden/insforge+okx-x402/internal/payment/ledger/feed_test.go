package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/shop/internal/payment/ledger"
)

// clock is how the tests let time go by: none of it is real.
type clock struct {
	t       *testing.T
	looks   atomic.Int64 // into the ledger
	fails   atomic.Bool  // the look into it
	version atomic.Int64 // that it has
}

func (c *clock) look(context.Context) (string, error) {
	c.looks.Add(1)
	if c.fails.Load() {
		return "", errors.New("out of order")
	}
	return strconv.FormatInt(c.version.Load(), 10), nil
}

// pass lets time go by until nobody has anything to do, then returns how often
// the feed has looked.
func (c *clock) pass(d time.Duration) int64 {
	before := c.looks.Load()
	time.Sleep(d)
	synctest.Wait()
	return c.looks.Load() - before
}

// told wants a reader to have been told this, or nothing if it is empty.
func (c *clock) told(reader <-chan string, want string) {
	c.t.Helper()
	got := ""
	select {
	case version, ok := <-reader:
		if got = version; !ok {
			got = "the end"
		}
	default:
	}
	if got != want {
		c.t.Errorf("told %q, want %q", got, want)
	}
}

// onClock runs a test of a feed that is running.
func onClock(t *testing.T, test func(t *testing.T, c *clock, f *ledger.Feed, stop func(), logs *bytes.Buffer)) {
	synctest.Test(t, func(t *testing.T) {
		c := &clock{t: t}
		c.version.Store(1)
		var logs bytes.Buffer
		f := ledger.NewFeed(c.look, slog.New(slog.NewTextHandler(&logs, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go f.Run(ctx)
		test(t, c, f, func() {
			cancel()
			synctest.Wait()
		}, &logs)
	})
}

func join(t *testing.T, f *ledger.Feed) (reader <-chan string, leave func()) {
	t.Helper()
	reader, leave, err := f.Join()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return reader, leave
}

func TestFeedTellsAllReaders(t *testing.T) {
	onClock(t, func(t *testing.T, c *clock, f *ledger.Feed, _ func(), _ *bytes.Buffer) {
		a, leaveA := join(t, f)
		c.told(a, "1")
		b, _ := join(t, f)
		c.told(b, "1")
		if looks := c.pass(2 * time.Second); looks != 1 {
			t.Errorf("looked %d times for two readers, want once", looks)
		}
		c.told(a, "")
		c.version.Store(2)
		c.pass(2 * time.Second)
		c.told(a, "2")
		// b has not read the second version. It is not waited for, and misses no more than that.
		c.version.Store(3)
		c.pass(2 * time.Second)
		c.told(a, "3")
		c.told(b, "3")
		c.told(b, "")
		leaveA()
		c.version.Store(4)
		c.pass(2 * time.Second)
		c.told(a, "")
		c.told(b, "4")
	})
}

func TestFeedRestsWithoutReaders(t *testing.T) {
	onClock(t, func(t *testing.T, c *clock, f *ledger.Feed, _ func(), _ *bytes.Buffer) {
		if looks := c.pass(time.Hour); looks != 0 {
			t.Errorf("looked %d times for nobody", looks)
		}
		_, leave := join(t, f)
		if looks := c.pass(10 * time.Second); looks != 5 {
			t.Errorf("looked %d times in ten seconds, want 5", looks)
		}
		leave()
		if looks := c.pass(time.Hour); looks != 0 {
			t.Errorf("looked %d times after the last reader left", looks)
		}
		c.version.Store(9)
		again, _ := join(t, f)
		c.told(again, "9") // and not what was so an hour ago
	})
}

func TestFeedEnds(t *testing.T) {
	onClock(t, func(t *testing.T, c *clock, f *ledger.Feed, stop func(), _ *bytes.Buffer) {
		reader, leave := join(t, f)
		c.told(reader, "1")
		stop()
		c.told(reader, "the end")
		leave()
		if _, _, err := f.Join(); !errors.Is(err, ledger.ErrNoFeed) {
			t.Errorf("Join after the end: %v, want ErrNoFeed", err)
		}
	})
}

func TestFeedHasABound(t *testing.T) {
	f := ledger.NewFeed(nil, nil) // it does not run, and so does not look
	var leave func()
	for range 100 {
		var err error
		if _, leave, err = f.Join(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := f.Join(); !errors.Is(err, ledger.ErrNoFeed) {
		t.Errorf("one reader too many: %v, want ErrNoFeed", err)
	}
	leave()
	if _, _, err := f.Join(); err != nil {
		t.Errorf("a reader in the place of one who left: %v", err)
	}
}

func TestFeedGoesOnAfterAFailure(t *testing.T) {
	onClock(t, func(t *testing.T, c *clock, f *ledger.Feed, _ func(), logs *bytes.Buffer) {
		reader, _ := join(t, f)
		c.told(reader, "1")
		for range 2 {
			c.fails.Store(true)
			c.pass(time.Minute)
			c.fails.Store(false)
			c.pass(2 * time.Second)
		}
		c.told(reader, "") // nothing has changed
		if lines := strings.Count(logs.String(), "\n"); lines != 2 || !strings.Contains(logs.String(), "out of order") {
			t.Errorf("%d lines about two failures:\n%s", lines, logs)
		}
		c.version.Store(2)
		c.pass(2 * time.Second)
		c.told(reader, "2")
	})
}
