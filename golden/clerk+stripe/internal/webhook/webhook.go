// Package webhook takes what the sign-in provider tells this server by itself: that a user was deleted
// there. Anybody can send such a message, so one counts only with the provider's signature.
package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"example.com/shop/internal/env"
)

const (
	// maxBody bounds a message. Those about users have a few kilobytes.
	maxBody = 64 << 10
	// tolerance is how old a message may be, and how far ahead its sender's clock. Within it a message can be
	// sent again by whoever saw it, which does nothing: a user can be deleted once.
	tolerance = 5 * time.Minute
	// maxSignatures bounds the signatures of one message. There are two while the secret is being changed.
	maxSignatures = 16

	deleteTimeout = 10 * time.Second
)

// Handler takes the provider's messages, signed with secret, and calls deleted for each user who was deleted
// there. While deleted fails the provider is asked to send the message again, so deleted may be called for
// somebody who is gone already. Mount it at Path, for POST, and only where there is a secret.
func Handler(secret env.Secret, deleted func(ctx context.Context, subject string) error, log *slog.Logger) http.Handler {
	return handler(secret, deleted, log, time.Now)
}

func handler(secret env.Secret, deleted func(ctx context.Context, subject string) error, log *slog.Logger, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		refuse := func(status int, reason error) {
			log.WarnContext(r.Context(), "webhook refused", "status", status, "reason", reason)
			http.Error(w, http.StatusText(status), status)
		}
		if secret == "" {
			refuse(http.StatusNotFound, errors.New("there is no secret to check signatures with")) // anybody could sign with none
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		var tooLong *http.MaxBytesError
		switch {
		case errors.As(err, &tooLong):
			refuse(http.StatusRequestEntityTooLarge, err)
			return
		case err != nil:
			refuse(http.StatusBadRequest, err)
			return
		}
		if err := verify(secret, r.Header, body, now()); err != nil {
			refuse(http.StatusBadRequest, err) // the same for all reasons: they are for the log
			return
		}
		subject, err := deletedUser(body)
		switch {
		case err != nil:
			refuse(http.StatusBadRequest, err)
			return
		case subject == "": // about something else
			w.WriteHeader(http.StatusNoContent)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), deleteTimeout)
		defer cancel()
		if err := deleted(ctx, subject); err != nil {
			log.ErrorContext(ctx, "delete a user whom the provider has deleted", "subject", subject, "error", err)
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		log.InfoContext(ctx, "deleted a user whom the provider has deleted", "subject", subject)
		w.WriteHeader(http.StatusNoContent)
	})
}

// single returns the value of a header that has to be there once. Of two, another server on the way might
// have looked at the other one.
func single(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", errors.New("there is not one header " + name)
	}
	return values[0], nil
}

// checkTime refuses the time of a message, in whole units since 1970, when it is not about now.
func checkTime(text string, unit time.Duration, now time.Time) error {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return errors.New("the time is no number")
	}
	perSecond := int64(time.Second / unit)
	sent := time.Unix(int64(n)/perSecond, int64(n)%perSecond*int64(unit))
	if age := now.Sub(sent).Abs(); age > tolerance {
		return errors.New("the message is not of now: it is " + age.Round(time.Second).String() + " off")
	}
	return nil
}
