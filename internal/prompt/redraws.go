package prompt

// Redraws reports whether lines on the terminal may be drawn over, which
// progress needs.
func (a *Asker) Redraws() bool { return a.redraw }
