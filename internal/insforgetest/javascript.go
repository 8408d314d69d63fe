package insforgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
)

// compact is what JSON becomes when it passes through the backend, which parses
// and prints it: white space goes, and numbers become float64, so that those past
// 2^53 come out as others. Numbers that large have to travel as text.
func compact(data []byte) []byte {
	var small bytes.Buffer
	if err := json.Compact(&small, data); err != nil {
		return data // not JSON: the caller has checked
	}
	var out bytes.Buffer
	text := small.Bytes()
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			n := 1
			for text[i+n] != '"' {
				if text[i+n] == '\\' {
					n++
				}
				n++
			}
			out.Write(text[i : i+n+1])
			i += n + 1
		case c == '-' || c >= '0' && c <= '9':
			n := 1
			for i+n < len(text) && bytes.IndexByte([]byte("0123456789+-.eE"), text[i+n]) >= 0 {
				n++
			}
			out.WriteString(float(string(text[i : i+n])))
			i += n
		default:
			out.WriteByte(c)
			i++
		}
	}
	return out.Bytes()
}

// float prints a number as JavaScript does; encoding/json follows the same rules.
func float(number string) string {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "null" // infinite, which JSON has no word for
	}
	text, err := json.Marshal(f + 0) // no negative zero
	if err != nil {
		return "null"
	}
	return string(text)
}

// textual are the column types that keep an empty string (utils/constants.ts).
var textual = []string{"text", "character varying", "character", "citext"}

// withoutEmpty drops empty strings from what is to be written, unless the column
// holds text; those for columns that do not exist go too.
func (p *Project) withoutEmpty(ctx context.Context, data json.RawMessage, schema, table string) (json.RawMessage, error) {
	rows, err := p.pool.Query(ctx, `select column_name, lower(case data_type when 'USER-DEFINED' then udt_name else data_type end)
		from information_schema.columns where table_schema = $1 and table_name = $2`, schema, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	text := map[string]bool{}
	for rows.Next() {
		var column, kind string
		if err := rows.Scan(&column, &kind); err != nil {
			return nil, err
		}
		text[column] = slices.Contains(textual, kind)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if data[0] == '{' {
		return stripped(data, text)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return nil, err
	}
	for i, item := range items {
		if item[0] == '{' {
			if items[i], err = stripped(item, text); err != nil {
				return nil, err
			}
		}
	}
	return json.Marshal(items)
}

// stripped is an object without its empty strings, in its order.
func stripped(object json.RawMessage, text map[string]bool) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // the brace
		return nil, err
	}
	out := []byte("{")
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if name := key.(string); string(value) != `""` || text[name] {
			if len(out) > 1 {
				out = append(out, ',')
			}
			quoted, err := json.Marshal(name)
			if err != nil {
				return nil, err
			}
			out = append(append(append(out, quoted...), ':'), value...)
		}
	}
	return append(out, '}'), nil
}
