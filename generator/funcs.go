package generator

import (
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// funcs are the functions a template may call: sprig's hermetic ones, so that
// the same answers give the same bytes on any machine and any day.
func funcs() template.FuncMap {
	return sprig.HermeticTxtFuncMap()
}
