package merge

import (
	"fmt"
	"slices"
)

// importMerge merges the imports of three Go files as the set they are. Both
// sides adding one in the same place is no conflict.
type importMerge struct {
	base, user, target goSource
	// uses holds what selectors start with in the merged code below the
	// imports, or on either side if that has conflicts.
	uses nameSet
	// decls is what the merged code declares, if it has no conflicts.
	decls []goDecl
	// asTarget says that the merged code is target's, which needs what target
	// imports and nothing else.
	asTarget bool
}

// chunk returns the merged imports. They conflict where both sides changed one
// import, and where one name would stand for two things.
func (m importMerge) chunk() chunk {
	c := chunk{base: m.base.imports.all(), user: m.user.imports.all(), target: m.target.imports.all()}
	wanted, reason := m.wanted()
	if reason == "" {
		reason = m.clash(wanted)
	}
	b, u, t := m.base.imports, m.user.imports, m.target.imports
	switch {
	case reason != "":
		c.conflict, c.reason = true, reason
	case slices.Equal(b.all(), u.all()) && t.has(wanted):
		c.merged = t.all()
	case u.has(wanted):
		c.merged = u.all()
	case len(u.specs) == 0:
		c.merged = t.edited(wanted, t)
	default:
		c.merged = u.edited(wanted, t)
	}
	return c
}

// wanted returns the merged imports, or the reason why they conflict.
func (m importMerge) wanted() (wanted []importSpec, reason string) {
	for _, s := range slices.Concat(m.user.imports.specs, m.target.imports.specs) {
		if findImport(wanted, s.importKey) != nil {
			continue
		}
		merged, reason := m.merge(s.importKey)
		if reason != "" {
			return nil, reason
		}
		if merged != nil {
			wanted = append(wanted, *merged)
		}
	}
	return wanted, ""
}

// merge returns what becomes of one import, nil if it goes, or the reason why
// forge cannot tell.
func (m importMerge) merge(k importKey) (merged *importSpec, reason string) {
	b, u, t := m.base.imports.find(k), m.user.imports.find(k), m.target.imports.find(k)
	switch {
	case b == nil && u == nil:
		return t, ""
	case b == nil && t == nil:
		return u, ""
	case u == nil: // the user removed it
		// A use that the user's file has without the import is the user's to mend.
		if name := m.name(k); m.uses[name] && !m.user.uses[name] && !m.user.imports.provides(name) {
			return t, ""
		}
		return nil, ""
	case t == nil: // forge removed it
		name := m.name(k)
		switch {
		case name == "" && !m.asTarget && k.name != "_", m.uses[name] && !m.target.imports.provides(name):
			return u, ""
		case u.text != b.text:
			return nil, fmt.Sprintf("you changed the import of %s, which forge drops", k.path)
		}
		return nil, ""
	}
	switch name := m.name(k); {
	case b != nil && name != "" && !m.uses[name] && m.user.uses[name] && u.text == b.text:
		return nil, "" // each side removed a part of what used it
	case u.text == t.text, b != nil && t.text == b.text, b == nil && t.bare:
		return u, ""
	case b != nil && u.text == b.text, b == nil && u.bare:
		return t, ""
	}
	return nil, fmt.Sprintf("both sides changed the import of %s", k.path)
}

// name returns the name that code uses an import by, or "" if that is not
// evident. Outside the standard library a path need not tell it. There the name
// that the path implies counts only if a file with the import uses that name,
// and has no other import that it could come from.
func (m importMerge) name(k importKey) string {
	implied := impliedName(k.path)
	switch {
	case k.name == "_" || k.name == ".":
		return ""
	case k.name != "":
		return k.name
	case originOf(k.path) == fromStandard:
		return implied
	}
	for _, s := range []goSource{m.base, m.user, m.target} {
		if s.imports.find(k) != nil && s.uses[implied] && s.imports.count(implied) == 1 {
			return implied
		}
	}
	return ""
}

// clash returns why the wanted imports cannot stand in one file, unless a side
// has the same clash.
func (m importMerge) clash(wanted []importSpec) string {
	for i, w := range wanted {
		name := m.name(w.importKey)
		if name == "" || m.user.clashes(name) || m.target.clashes(name) {
			continue
		}
		for _, other := range wanted[:i] {
			if m.name(other.importKey) == name {
				return fmt.Sprintf("%s and %s are both imported as %s; rename one", other.path, w.path, name)
			}
		}
		if slices.ContainsFunc(m.decls, func(d goDecl) bool { return d.name == name }) {
			return fmt.Sprintf("%s is imported as %s, which the file also declares; rename one", w.path, name)
		}
	}
	return ""
}

// clashes reports whether s gives name two meanings.
func (s goSource) clashes(name string) bool {
	return s.imports.count(name)+s.count(name) > 1
}
