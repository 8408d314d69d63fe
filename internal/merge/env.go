package merge

import "strings"

// envFile is a parsed .env.example.
type envFile struct {
	source
	keys []envKey
	// mentioned holds the names that comments assign to. Most are keys, offered;
	// the rest are remarks that happen to look like it.
	mentioned map[string]bool
}

// envKey is one variable of a .env.example.
type envKey struct {
	name     string
	value    string
	offered  bool // only there as a comment
	start    int  // offset of its line
	comments int  // offset of the comment lines right above, or of its line
	apart    bool // a blank line stands above those
}

// adoptEnv adds the missing variables at the end, as one paragraph.
func adoptEnv(user, want source) (string, error) {
	mine, err := parseEnv(user)
	if err != nil {
		return "", err
	}
	wanted, err := parseEnv(want)
	if err != nil {
		return "", err
	}
	has := make(map[string]bool)
	for _, k := range mine.keys {
		has[k.name] = true
	}

	var paragraph strings.Builder
	for _, k := range wanted.keys {
		if has[k.name] || mine.mentioned[k.name] {
			continue
		}
		has[k.name] = true
		if k.apart && paragraph.Len() > 0 {
			paragraph.WriteString("\n")
		}
		paragraph.WriteString(wanted.block(k))
	}
	if paragraph.Len() == 0 {
		return user.text, nil
	}
	return user.apply([]edit{user.addition(paragraph.String())}), nil
}

// parseEnv returns the variables of s in their order. A variable that is only
// there as a comment, such as "# ADDR=:8080", counts: that is how an optional
// one is offered, and how a user declines one.
func parseEnv(s source) (*envFile, error) {
	f := &envFile{source: s, mentioned: make(map[string]bool)}
	lines := s.lines()
	set := make(map[string]bool)
	for _, l := range lines {
		if l.blank() || l.comment() {
			continue
		}
		name, err := envName(s, l)
		if err != nil {
			return nil, err
		}
		set[name] = true
	}
	offers := make(map[string]int) // the line that offers a variable
	for i, l := range lines {
		if name, ok := offeredName(l); ok && l.comment() && !set[name] {
			f.mentioned[name] = true
			if i+1 == len(lines) || !lines[i+1].prose() {
				offers[name] = i
			}
		}
	}

	first := 0 // first line of the comment block above the current line
	for i, l := range lines {
		if l.blank() {
			first = i + 1
			continue
		}
		name, ok := splitEnv(l.text)
		if l.comment() {
			var at int
			name, _ = offeredName(l)
			at, ok = offers[name]
			ok = ok && at == i
		}
		if !ok {
			continue
		}
		_, value, _ := strings.Cut(l.text, "=")
		f.keys = append(f.keys, envKey{
			name:     name,
			value:    strings.TrimSpace(value),
			offered:  l.comment(),
			start:    l.start,
			comments: lines[first].start,
			apart:    first > 0 && lines[first-1].blank(),
		})
		first = i + 1
	}
	return f, nil
}

// key returns the last key of that name, which is the one that counts, and how
// many there are.
func (f *envFile) key(name string) (found *envKey, n int) {
	for i := range f.keys {
		if f.keys[i].name == name {
			found, n = &f.keys[i], n+1
		}
	}
	return found, n
}

// comment returns the comment lines right above k.
func (f *envFile) comment(k envKey) string { return f.text[k.comments:k.start] }

// line returns the line of k without its ending.
func (f *envFile) line(k envKey) string {
	return strings.TrimRight(f.text[k.start:f.lineEnd(k.start)], "\r\n")
}

// block returns the lines of k with the comment right above.
func (f *envFile) block(k envKey) string { return f.comment(k) + f.line(k) + "\n" }

// envName returns the variable that l sets, or why l cannot be read.
func envName(s source, l line) (string, error) {
	name, ok := splitEnv(l.text)
	if !ok {
		return "", s.errorf(l.start, "neither a comment nor NAME=value")
	}
	_, value, _ := strings.Cut(l.text, "=")
	value = strings.TrimSpace(value)
	if quote := strings.IndexAny(value, `"'`); quote == 0 && strings.Count(value, value[:1]) == 1 {
		return "", s.errorf(l.start, "the value of %s opens a quote and does not close it on the same line", name)
	}
	return name, nil
}

// offeredName returns the variable of a comment that holds an assignment and
// nothing else. A value with spaces in it makes the line prose.
func offeredName(l line) (string, bool) {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(l.text), "#"))
	if strings.ContainsAny(text, " \t") {
		return "", false
	}
	return splitEnv(text)
}

// prose reports whether l is a comment that says something. An assignment right
// above it is a wrapped sentence's, not an offer.
func (l line) prose() bool {
	if !l.comment() || strings.Trim(l.text, "# \t") == "" {
		return false
	}
	_, ok := offeredName(l)
	return !ok
}

// splitEnv returns the name in NAME=value or export NAME=value.
func splitEnv(text string) (name string, ok bool) {
	text = strings.TrimSpace(text)
	if rest, exported := strings.CutPrefix(text, "export "); exported {
		text = rest
	}
	name, _, ok = strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return "", false
	}
	for i, r := range name {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return "", false
		}
	}
	return name, true
}
