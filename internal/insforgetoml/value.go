package insforgetoml

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// assign gives a setting the value that stands at an offset, or says why not.
func (r *reader) assign(s setting, value *unstable.Node, at int) {
	ok := false
	switch field := s.field(r.into).(type) {
	case **string:
		*field, ok = textOf(value)
		ok = ok && (s.ok == nil || s.ok(**field))
	case **bool:
		is := string(value.Data) == "true"
		*field, ok = &is, value.Kind == unstable.Bool
	case **int64:
		var number int64
		number, ok = wholeOf(value)
		ok = ok && s.least <= number && number <= s.most
		*field = &number
	case *[]string:
		*field, ok = r.list(s, value)
	}
	if !ok {
		r.refuse(s.key, at, s.rule)
	}
}

func textOf(value *unstable.Node) (*string, bool) {
	text := string(value.Data)
	return &text, value.Kind == unstable.String
}

// list reads an array of redirect URLs. It reports false if that is not what
// value is; elements that are wrong are problems of their own.
func (r *reader) list(s setting, value *unstable.Node) ([]string, bool) {
	if value.Kind != unstable.Array {
		return nil, false
	}
	list := []string{}
	for it := value.Children(); it.Next(); {
		element := it.Node()
		text, ok := textOf(element)
		if !ok {
			return nil, false
		}
		if !s.ok(*text) {
			r.complain(int(element.Raw.Offset), "%s: the backend takes no %s; write http:// or https:// and a host, or a scheme of your own; "+
				"* may stand for parts of the host and the path", s.key, quoted(*text))
		}
		list = append(list, *text)
	}
	return list, true
}

// wholeOf reads a number the way JavaScript does, where 587.0 is 587 too.
func wholeOf(value *unstable.Node) (int64, bool) {
	switch value.Kind {
	case unstable.Integer:
		number, err := strconv.ParseInt(string(value.Data), 0, 64)
		return number, err == nil
	case unstable.Float:
		number, err := strconv.ParseFloat(strings.ReplaceAll(string(value.Data), "_", ""), 64)
		return int64(number), err == nil && number == math.Trunc(number) && math.Abs(number) <= maxWhole
	default:
		return 0, false
	}
}

// quoted writes text as the CLI does, which is how JSON does: only what must be
// escaped is. DEL is besides, because TOML has no other way to write it.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c >= ' ' && c != 0x7f:
			b.WriteRune(c)
		default:
			if i := strings.IndexRune("\b\t\n\f\r", c); i >= 0 {
				b.WriteString(`\` + "btnfr"[i:i+1])
			} else {
				fmt.Fprintf(&b, `\u%04x`, c)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

// array writes strings as an array on one line.
func array(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quoted(text)
	}
	return "[" + strings.Join(all, ", ") + "]"
}
