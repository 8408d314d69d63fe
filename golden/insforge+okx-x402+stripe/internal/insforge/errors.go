package insforge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// Error is an answer other than 2xx. The data API and the rest of InsForge
// answer in different shapes; Error has the fields of both.
type Error struct {
	Status  int
	Code    string // a SQLSTATE or PGRSTnnn from the database, else InsForge's own, else empty
	Message string
	Details string // may hold values of rows
	Hint    string
}

// Error gives status, code and message. It leaves out the details, which may
// hold personal data.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

func newError(status int, body []byte) *Error {
	var answer struct {
		Code, Message, Details, Hint, Error any
	}
	// A proxy in between may answer in HTML; then the status has to do.
	_ = json.Unmarshal(body, &answer)

	e := &Error{
		Status:  status,
		Code:    clean(answer.Code),
		Message: clean(answer.Message),
		Details: clean(answer.Details),
		Hint:    clean(answer.Hint),
	}
	if e.Code == "" {
		e.Code = clean(answer.Error)
	}
	return e
}

// clean makes a text of another server fit for one log line.
func clean(v any) string {
	const longest = 300
	text, _ := v.(string)
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}
