package merge

import (
	"slices"
	"strings"
)

// has reports whether text is an element of v.
func (v tomlValue) has(text string) bool {
	return slices.ContainsFunc(v.elements, func(e tomlString) bool { return e.text == text })
}

// stepped returns the elements of v, a set of strings, after forge's step from
// base to want.
func (v tomlValue) stepped(base, want tomlValue) []string {
	var texts []string
	for _, e := range v.elements {
		if !base.has(e.text) || want.has(e.text) {
			texts = append(texts, e.text)
		}
	}
	for _, e := range want.elements {
		if !base.has(e.text) && !v.has(e.text) {
			texts = append(texts, e.text)
		}
	}
	return texts
}

// values returns the values of c on forge's two sides. A side that lacks the
// key has an empty one.
func (c tomlChoice) values() (base, want tomlValue) {
	if c.base != nil {
		base = c.base.value
	}
	if c.want != nil {
		want = c.want.value
	}
	return base, want
}

// gained returns the elements that forge added.
func (c tomlChoice) gained() []tomlString {
	base, want := c.values()
	return slices.DeleteFunc(slices.Clone(want.elements), func(e tomlString) bool { return base.has(e.text) })
}

// retract returns the edits that take out of the user's array what forge dropped
// from its own. Where forge has another string in the place of one, that takes
// its place here too.
func (f *tomlFile) retract(array, base, want tomlValue) []edit {
	var edits []edit
	gone := make([]bool, len(array.elements))
	placed := make(map[string]bool)
	for i, e := range array.elements {
		if !base.has(e.text) || want.has(e.text) {
			continue
		}
		at := slices.IndexFunc(base.elements, func(b tomlString) bool { return b.text == e.text })
		if at < len(want.elements) {
			instead := want.elements[at]
			if !base.has(instead.text) && !array.has(instead.text) && !placed[instead.text] {
				placed[instead.text] = true
				edits = append(edits, edit{start: e.start(), end: e.end, text: instead.raw})
				continue
			}
		}
		gone[i] = true
	}
	if !slices.Contains(gone, true) {
		return edits
	}
	if !slices.Contains(gone, false) && !f.commented(array) {
		return []edit{{start: array.start, end: array.end, text: "[]"}}
	}
	return append(edits, f.cuts(array, gone)...)
}

// start returns the offset of e.
func (e tomlString) start() int { return e.end - len(e.raw) }

// commented reports whether a comment stands in an array of strings.
func (f *tomlFile) commented(array tomlValue) bool {
	at := array.start + 1
	for _, e := range array.elements {
		if strings.Contains(f.text[at:e.start()], "#") {
			return true
		}
		at = e.end
	}
	return strings.Contains(f.text[at:array.end], "#")
}

// cuts returns the edits that take the elements marked gone out of an array,
// with their commas, and with their lines where nothing else is on them.
// Comments stay.
func (f *tomlFile) cuts(array tomlValue, gone []bool) []edit {
	lastKept := len(gone) - 1
	for lastKept >= 0 && gone[lastKept] {
		lastKept--
	}
	cut := make(map[int]bool) // offsets of bytes
	for i := range array.elements {
		if gone[i] {
			f.cutElement(cut, array, i, i > lastKept)
		}
	}
	last := len(gone) - 1
	if lastKept >= 0 && lastKept < last && f.commaAfter(array, last) < 0 {
		// The array ends without a comma, and so it shall.
		cut[f.commaAfter(array, lastKept)] = true
	}
	return f.cutLines(array, cut)
}

// commaAfter returns the offset of the comma after the i-th element, or -1.
func (f *tomlFile) commaAfter(array tomlValue, i int) int {
	next := array.end - 1
	if i+1 < len(array.elements) {
		next = array.elements[i+1].start()
	}
	return f.comma(array.elements[i].end, next)
}

// cutElement adds to cut the i-th element of an array, its comma, and the space
// that was between it and the next; or the one before it, if it stands at the
// end of its line or no element stays after it.
func (f *tomlFile) cutElement(cut map[int]bool, array tomlValue, i int, trailing bool) {
	start, end := array.elements[i].start(), array.elements[i].end
	if comma := f.commaAfter(array, i); comma >= 0 {
		if strings.TrimSpace(f.text[end:comma]) == "" {
			end = comma + 1
		}
		cut[comma] = true
	}
	space := func(at int) bool { return f.text[at] == ' ' || f.text[at] == '\t' }
	left, right := start, end
	for space(left - 1) {
		left--
	}
	for space(right) {
		right++
	}
	first := f.text[left-1] == '\n'
	last := f.text[right] == '\n' || f.text[right] == '\r'
	if first || !trailing {
		end = right
	}
	if !first && (last || trailing) {
		start = left
	}
	for at := start; at < end; at++ {
		cut[at] = true
	}
}

// cutLines returns the edits that take the bytes in cut out of an array. A line
// that loses all it has goes as a whole.
func (f *tomlFile) cutLines(array tomlValue, cut map[int]bool) []edit {
	var edits []edit
	for at := array.start; at < array.end; at = f.lineEnd(at) {
		end := min(f.lineEnd(at), array.end)
		var bytes []edit
		left := false
		for i := at; i < end; i++ {
			if cut[i] {
				bytes = append(bytes, edit{start: i, end: i + 1})
			} else if strings.TrimSpace(f.text[i:i+1]) != "" {
				left = true
			}
		}
		if len(bytes) > 0 && !left {
			bytes = []edit{{start: at, end: end}}
		}
		edits = append(edits, bytes...)
	}
	return edits
}
