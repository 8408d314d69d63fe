package okx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// errNotDone marks errors after which OKX certainly did nothing.
var errNotDone = errors.New("the request was not carried out")

// Two of them pass: the first with time, the second with the right one.
var (
	errBusy  = fmt.Errorf("%w: too many requests", errNotDone)
	errClock = fmt.Errorf("%w: the timestamp is off", errNotDone)
)

// refusedCodes are OKX's other codes for requests turned away at the door: keys and
// parameters. Any other code says too little to rule
// out that money moved.
var refusedCodes = map[string]bool{
	"50014": true, "50038": true, "50125": true,
	"50103": true, "50104": true, "50105": true, "50106": true, "50107": true,
	"50111": true, "50113": true, "50114": true,
	"51000": true, "81001": true, "81004": true,
}

// readAnswer decodes what OKX put into data. Its documentation and its SDKs
// disagree about the envelope, so this reads all of their forms: code as string
// or number, data as object or as list of one, and no envelope at all.
func readAnswer(status int, answer []byte, data any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(answer, &fields); err != nil {
		fields = nil // a proxy in between may answer in HTML
	}
	code := codeOf(fields)
	switch {
	case code == "50011", status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %s", errBusy, describe(status, code, fields))
	case code == "50112":
		return fmt.Errorf("%w: %s", errClock, describe(status, code, fields))
	case refusedCodes[code]:
		return fmt.Errorf("%w: %s", errNotDone, describe(status, code, fields))
	case status != http.StatusOK, code != "" && code != "0":
		return errors.New(describe(status, code, fields))
	case fields == nil:
		return errors.New("the answer is not a JSON object")
	}

	raw, enveloped := fields["data"]
	if !enveloped && code != "" {
		return errors.New("the answer has no data")
	}
	if !enveloped {
		raw = answer
	}
	if k, ok := data.(*kinds); ok {
		return k.read(raw)
	}
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil || len(list) != 1 {
			return fmt.Errorf("the answer holds %d results, want 1", len(list))
		}
		raw = bytes.TrimSpace(list[0])
	}
	if len(raw) == 0 || raw[0] != '{' {
		return errors.New("the answer holds no result")
	}
	if err := json.Unmarshal(raw, data); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}

func codeOf(fields map[string]json.RawMessage) string {
	for _, name := range []string{"code", "error_code"} {
		if raw := string(fields[name]); raw != "" && raw != "null" && raw != `""` {
			return strings.Trim(raw, `"`)
		}
	}
	return ""
}

func describe(status int, code string, fields map[string]json.RawMessage) string {
	text := fmt.Sprintf("status %d", status)
	if code != "" {
		text += ", code " + shorten(code)
	}
	for _, name := range []string{"msg", "error_message"} {
		var message string
		if json.Unmarshal(fields[name], &message) == nil && message != "" {
			return text + ": " + shorten(message)
		}
	}
	return text
}

// shorten makes a text of another server fit for a log line or a header.
func shorten(text string) string {
	const longest = 200
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}

func sameHex(a, b string) bool { return strings.EqualFold(a, b) }
