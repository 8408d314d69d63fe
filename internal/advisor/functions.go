package advisor

import (
	"fmt"
	"strings"
)

// function is a security definer function of the data API that can be called at
// all, which trigger functions cannot.
type function struct {
	Object, Quoted string
	Callers        []string // of anon and authenticated
}

const functionsQuery = `
select n.nspname || '.' || f.proname || '(' || a.arguments || ')',
       format('%I.%I(%s)', n.nspname, f.proname, a.arguments),
       array(select r.rolname::text from pg_roles as r
              where r.rolname in ('anon', 'authenticated') and has_function_privilege(r.oid, f.oid, 'execute')
              order by 1)
  from pg_proc as f
  join pg_namespace as n on n.oid = f.pronamespace
 cross join lateral (select pg_get_function_identity_arguments(f.oid)) as a (arguments)
 where f.prosecdef
   and f.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
   and n.nspname = any (` + exposed + `) and n.nspname <> all ($1::text[])`

func functionRules() []rule {
	return []rule{{"dangerous-function", schemaScope, each(functionsQuery, dangerousFunction)}}
}

func dangerousFunction(f function, _ limits) (Finding, bool) {
	return Finding{
		Severity: Critical,
		Object:   f.Object,
		Detail:   fmt.Sprintf("It runs with its owner's rights, whom no policy binds, and %s may call it.", strings.Join(f.Callers, " and ")),
		Fix: "revoke all on function " + f.Quoted + " from public, anon, authenticated; " +
			"or make it security invoker. In any case give it `set search_path = ''`.",
	}, len(f.Callers) > 0
}
