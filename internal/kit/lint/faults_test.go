package lint

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/insforge/forge/templates"
)

// fault is one mistake planted in the templates, and the finding it has to be.
type fault struct {
	rule Rule
	file string
	// old, which is there once, becomes text. Without old, text is the whole file,
	// or is added to it if there is one.
	old, text string
	// at is on the line that has to be reported; without it, text is.
	at string
	// in is the file that has to be reported, if it is another one.
	in   string
	mode fs.FileMode
}

const (
	provider = "auth/kinde/provider.toml"
	verifier = "auth/kinde/files/internal/auth/verifier.go.tmpl"
	migrated = "auth/kinde/files/migrations/01_kinde.sql.tmpl"
)

// The faults of one run, each with no other: what is found has to be these
// findings and nothing else.
var runs = map[string][]fault{
	"files": {
		{rule: folderLayout, file: "auth/kinde/notes.txt", text: "a\n"},
		{rule: folderLayout, file: "auth/kinde/extra/notes.txt", text: "a\n"},
		{rule: folderLayout, file: "auth/kinde/cases/production.toml", text: "a = 1\n"},
		{rule: templateSuffix, file: "auth/kinde/files/kinde/notes.txt", text: "a\n"},
		{rule: pathActions, file: "auth/kinde/files/{{ .Name }}.txt.tmpl", text: "a\n"},
		{rule: pathPortable, file: "auth/kinde/files/kinde/a b.txt.tmpl", text: "a\n"},
		{rule: pathPortable, file: "auth/kinde/files/kinde/con.txt.tmpl", text: "a\n"},
		{rule: pathPortable, file: "auth/kinde/files/.git/config.tmpl", text: "a\n"},
		{rule: noSymlink, file: "auth/kinde/cases/link.txtar", text: "a", mode: fs.ModeSymlink},
		{rule: noExecutable, file: "auth/kinde/files/kinde/run.sh.tmpl", text: "#!/bin/sh\n", mode: 0o755},
		{rule: lineEndings, file: "auth/kinde/files/kinde/crlf.txt.tmpl", text: "a\nb\r\n", at: "b\r"},
		{rule: lineEndings, file: "auth/kinde/files/kinde/bom.txt.tmpl", text: "\ufeffa\n"},
		{rule: lineEndings, file: "auth/kinde/files/kinde/latin.txt.tmpl", text: "\xe9\n"},
		{rule: finalNewline, file: "auth/kinde/files/kinde/end.txt.tmpl", text: "a\nb", at: "b"},
		{rule: leftover, file: "auth/kinde/files/kinde/todo.txt.tmpl", text: "a\nTODO: b\n", at: "TODO"},
		{rule: leftover, file: "auth/kinde/files/kinde/shop.txt.tmpl", text: "a\nexample.com/shop\n", at: "example"},
		{rule: providerNamed, file: "auth/kinde/files/kinde/names.txt.tmpl", text: "a\nas with Clerk\n", at: "Clerk"},
		{rule: migrationName, file: "auth/kinde/files/migrations/kinde.sql.tmpl", text: "select 1;\n"},
	},
	"owners": {
		{rule: oneOwner, file: "auth/kinde/files/internal/auth/keys.go.tmpl", text: "package auth\n"},
		{rule: oneOwner, file: "auth/kinde/files/go.sum.tmpl", text: "a\n"},
		{rule: oneOwner, file: "auth/kinde/files/migrations/07_todos.sql.tmpl", text: "select 1;\n"},
		{rule: oneOwner, file: "auth/kinde/files/Makefile/more.tmpl", text: "a\n"},
		{rule: pathCase, file: "auth/kinde/files/readme.md.tmpl", text: "a\n"},
	},
	"go": {
		{rule: goReadable, file: verifier, old: "type Verifier struct {", text: "type Verifier struct ["},
		{rule: goParses, file: verifier, at: "type Verifier struct ["},
		{rule: goReadable, file: "auth/kinde/files/internal/auth/spaces.go.tmpl", text: "package auth\n\nvar  a = 1\n", at: "var  a"},
		{rule: goControlAlone, file: "auth/kinde/files/internal/auth/control.go.tmpl", text: "package auth\n\nvar a = 1 {{ range .Payments }}{{ end }}\n", at: "range"},
		{rule: goBranches, file: "auth/kinde/files/internal/auth/branch.go.tmpl", text: "package auth\n\n{{ if .Production }}\nvar a = 1\n{{ end }}\n", at: "if .Prod"},
		{rule: goValuesQuoted, file: "auth/kinde/files/internal/auth/values.go.tmpl", text: "package auth\n\nvar a = {{ .Name }}\n", at: ".Name"},
		{rule: noForge, file: "auth/kinde/files/internal/auth/forge.go.tmpl", text: "package auth\n\nimport _ \"github.com/insforge/forge/generator\"\n", at: "generator"},
		{rule: importRequired, file: "auth/kinde/files/internal/auth/module.go.tmpl", text: "package auth\n\nimport _ \"github.com/acme/sdk\"\n", at: "acme"},
		{rule: lockCurrent, file: "auth/kinde/files/internal/auth/locked.go.tmpl", text: "package auth\n\nimport _ \"github.com/golang-jwt/jwt/v5\"\n", at: "golang-jwt"},
	},
	"variables": {
		{rule: requireImported, file: provider, text: "\n[[require]]\nmodule = \"golang.org/x/text\"\nversion = \"v0.1.0\"\n", at: "[[require]]"},
		{rule: envDeclared, file: verifier, old: `r.Required("KINDE_CLIENT_ID",`, text: `r.Required("KINDE_CLIENT_NAME",`, at: "KINDE_CLIENT_NAME"},
		{rule: envRead, file: provider, old: "[[env]]\nname = \"KINDE_CLIENT_ID\"", text: "[[env]] # unread\nname = \"KINDE_CLIENT_ID\"", at: "# unread"},
		{rule: envOnce, file: provider, old: "[doctor]", text: "[[env]] # once\nname = \"APP_BASE_URL\"\nrequired = true\nexample = \"http://localhost:8080\"\npattern = '^.+$'\nshape = \"an origin\"\ncomment = \"Where it is.\"\n\n[doctor]", at: "# once"},
		{rule: envFile, file: provider, at: "# once"},
		{rule: envSecret, file: provider, old: "[[env]]\nname = \"KINDE_CLIENT_SECRET\"\nrequired = true\nsecret = true", text: "[[env]] # unmarked\nname = \"KINDE_CLIENT_SECRET\"\nrequired = true", at: "# unmarked"},
		{rule: envPattern, file: provider, old: "[[env]]\nname = \"KINDE_AUDIENCE\"\nexample = \"https://api.example.com\"\npattern = '^\\S+$'\n", text: "[[env]] # open\nname = \"KINDE_AUDIENCE\"\nexample = \"https://api.example.com\"\n", at: "# open"},
	},
	"more variables": {
		{rule: envExample, file: provider, old: "[[env]]\nname = \"KINDE_AUDIENCE\"\nexample = \"https://api.example.com\"\n", text: "[[env]] # bare\nname = \"KINDE_AUDIENCE\"\n", at: "# bare"},
		{rule: envAgrees, file: verifier, old: "env.Matches(`[0-9a-f]{32}`)", text: "env.Matches(`[0-9]{32}`)", at: `r.Required("KINDE_CLIENT_ID"`},
		{rule: envSecretDefault, file: provider, old: "pattern = '^[A-Za-z0-9]{32,}$'", text: "pattern = '^[A-Za-z0-9]{32,}$'\ndefault = \"0123456789abcdef0123456789abcdef\"", at: "default ="},
		{rule: envSecretRead, file: provider, old: "name = \"KINDE_ISSUER_URL\"\nrequired = true", text: "name = \"KINDE_ISSUER_URL\"\nrequired = true\nsecret = true", in: verifier, at: "KINDE_ISSUER_URL\", \"an https"},
		{rule: envRequired, file: provider, at: "default ="},
	},
	"questions": {
		{rule: questionKey, file: provider, old: "[[env]]\nname = \"KINDE_ISSUER_URL\"", text: questions + "\n[[env]]\nname = \"KINDE_ISSUER_URL\"", at: `key = "Kinde-Mode"`},
		{rule: questionHelp, file: provider, at: "# no help"},
		{rule: questionOnce, file: provider, at: "# no help"},
		{rule: questionUsed, file: provider, at: "# no default"},
		{rule: questionUsed, file: provider, at: "# one choice"},
		{rule: questionOnce, file: provider, at: "# two choices"},
		{rule: questionDefault, file: provider, at: "# no default"},
		{rule: questionChoices, file: provider, at: "# one choice"},
		{rule: questionChoices, file: provider, at: `value = "twice", label = "second"`},
		{rule: questionUsed, file: provider, at: "# unused"},
		{rule: questionOnce, file: provider, at: "# asked already"},
		{rule: questionKey, file: provider, at: `key = "name"`},
	},
	"redirects": {
		{rule: redirectListed, file: "base/files/insforge.toml.tmpl", old: `{{ range $i, $url := .RedirectURLs }}{{ if $i }}, {{ end }}{{ toRawJson $url }}{{ end }}`, text: `"https://app.example.com"`, in: provider, at: "[[url]]"},
	},
	"rendered": {
		{rule: goFormatted, file: "auth/kinde/files/internal/auth/aligned.go.tmpl", text: "package auth\n\nvar aligned = map[string]string{\n\t\"{{ .Name }}\": \"a\",\n\t\"shop\":        \"b\",\n}\n", at: `"{{ .Name }}"`},
		{rule: goFormatted, file: "auth/kinde/files/internal/auth/aligned.go.tmpl", at: `"shop":`},
		{rule: linksResolve, file: "auth/kinde/fragments/README.md.tmpl", text: "\nSee [there](docs/there.md).\n", at: "there"},
		{rule: makefileParses, file: "auth/kinde/fragments/Makefile.tmpl", text: "\n.PHONY: kinde\nkinde: ## Nothing\n    echo spaces\n", at: "echo"},
		{rule: makefileParses, file: "auth/kinde/fragments/Makefile.tmpl", text: "\n.PHONY: again\nlint: ## Twice\n\techo again\n", at: "lint: ##"},
		{rule: insforgeToml, file: "auth/kinde/fragments/insforge.toml.tmpl", text: "disable_sign_up = true\n", at: "disable"},
		{rule: jsonParses, file: "auth/kinde/files/kinde/settings.json.tmpl", text: "{\n  \"a\": 1,\n}\n", at: "}"},
		{rule: yamlParses, file: "auth/kinde/files/kinde/settings.yml.tmpl", text: "a: 1\nb: [\n", at: "b: ["},
		{rule: tomlRendered, file: "auth/kinde/files/kinde/settings.toml.tmpl", text: "a = 1\nb =\n", at: "b ="},
	},
	"guide": {
		{rule: envRequired, file: provider, old: "name = \"KINDE_CLIENT_ID\"\nrequired = true", text: "name = \"KINDE_CLIENT_ID\"", in: verifier, at: `r.Required("KINDE_CLIENT_ID"`},
		{rule: summaryShape, file: provider, old: `summary = "hosted sign-in with organizations and plans"`, text: `summary = "Hosted sign-in with organizations and plans."`},
		{rule: includeOnce, file: provider, old: `include = ["_external",`, text: `include = ["_common", "_external",`},
		{rule: stepSource, file: provider, old: `source = "https://docs.kinde.com/get-started/connect/callback-urls/"`, text: `source = "http://docs.kinde.com"`},
		{rule: textFilled, file: provider, old: `text = "In the application's details enter`, text: `text = "In {{ .Nome }}'s details enter`},
		{rule: urlField, file: provider, old: "field = \"Allowed callback URLs\"", text: "field = \"Callback URLs\""},
		{rule: urlServed, file: provider, old: "path = \"/auth/callback\"", text: "path = \"/auth/back\""},
	},
	"empty guide": {
		{rule: golivePresent, file: "auth/kinde/provider.toml", old: "*"},
		{rule: doctorPresent, file: "auth/kinde/provider.toml"},
		{rule: stepPresent, file: "auth/kinde/provider.toml"},
	},
	"load": {
		{rule: docsLink, file: provider, old: `docs = "https://docs`, text: `docs = "http://docs`, at: `docs = "http:`},
		{rule: includeExists, file: provider, old: `"_discovery"]`, text: `"_discovery", "_saml"]`, at: `include =`},
		{rule: conditionShape, file: "auth/_oidc/layer.toml", old: "# OpenID Connect, for the providers that speak it.\n", text: "# OpenID Connect.\nwhen = [{ key = \"production\" }]\n", at: "when ="},
		{rule: conflictsExist, file: provider, old: `include = [`, text: "conflicts = [\"paypal\"]\ninclude = [", at: "conflicts"},
		{rule: envDocumented, file: provider, old: "[doctor]", text: "[[env]] # silent\nname = \"KINDE_AUDIENCE\"\nexample = \"a\"\npattern = '^a$'\nshape = \"a\"\n\n[doctor]", at: "# silent"},
		{rule: envOnce, file: provider, at: "# silent"},
		{rule: envExample, file: provider, old: `example = "0123456789abcdef0123456789abcdef"`, text: `example = "0123456789ABCDEF"`, at: "[[env]]\nname = \"KINDE_CLIENT_ID\""},
		{rule: envAgrees, file: verifier, at: `r.Required("KINDE_CLIENT_ID"`},
		{rule: questionShape, file: provider, old: "[[env]]\nname = \"KINDE_ISSUER_URL\"", text: "[[question]] # typeless\nkey = \"disable_signup\"\nmessage = \"a\"\nhelp = \"a\"\ntype = \"text\"\ndefault = \"a\"\n\n[[env]]\nname = \"KINDE_ISSUER_URL\"", at: "# typeless"},
		{rule: questionOnce, file: provider, at: "# typeless"},
		{rule: stepComplete, file: provider, old: "[[url]]\nuse = \"callback\"", text: "[[step]] # empty\nsource = \"https://docs.kinde.com\"\n\n[[url]]\nuse = \"callback\"", at: "# empty"},
		{rule: urlShape, file: provider, old: `use = "logout"`, text: `use = "bye"`, at: "[[url]]\nuse = \"bye\""},
		{rule: requireShape, file: provider, text: "\n[[require]] # complete\nmodule = \"github.com/golang-jwt/jwt/v5\"\nversion = \"v5.3.1\"\n\n[[require]] # unversioned\nmodule = \"github.com/golang-jwt/jwt/v5/request\"\n", at: "# unversioned"},
		{rule: requireImported, file: provider, at: "# unversioned"},
		{rule: requireImported, file: provider, at: "# complete"},
		{rule: renameShape, file: provider, text: "\n[[rename]] # when\nfrom = \"a\"\nto = \"b\"\nsince = \"one\"\n", at: "# when"},
		{rule: lockCurrent, file: "auth/kinde/modules.lock", text: "needs a\n", at: "needs a"},
		{rule: doctorResolves, file: provider, old: `jwks = '{{ .KINDE_ISSUER_URL`, text: `jwks = '{{ .KINDE_ISSUER`, at: "jwks ="},
	},
	"question default": {
		{rule: questionDefault, file: provider, old: "[[env]]\nname = \"KINDE_ISSUER_URL\"", text: "[[question]] # refused\nkey = \"public_ledger_kinde\"\nmessage = \"a\"\nhelp = \"a\"\ntype = \"confirm\"\ndefault = \"yes\"\n\n[[env]]\nname = \"KINDE_ISSUER_URL\"", at: "# refused"},
		{rule: questionUsed, file: provider, at: "# refused"},
	},
	"incomplete":  {{rule: declarationComplete, file: provider, old: "name = \"Kinde\"\n", text: "", at: "summary"}},
	"unknown key": {{rule: tomlStrict, file: provider, old: `summary = "hosted`, text: "synopsis = \"a\"\nsummary = \"hosted", at: "synopsis"}},
	"no TOML":     {{rule: tomlParses, file: provider, old: `summary = "hosted`, text: `summary = hosted`}},
	"id": {
		{rule: idShape, file: "auth/Kinde2/provider.toml", text: "name = \"K\"\nsummary = \"a\"\ndocs = \"https://a.example\"\ncredential = \"a\"\n"},
		{rule: doctorPresent, file: "auth/Kinde2/provider.toml"},
		{rule: golivePresent, file: "auth/Kinde2/provider.toml"},
		{rule: stepPresent, file: "auth/Kinde2/provider.toml"},
	},
	"versions":     {{rule: versionsAgree, file: provider, text: "\n[[require]] # older\nmodule = \"github.com/golang-jwt/jwt/v5\"\nversion = \"v5.3.0\"\n", at: "# older"}, {rule: requireImported, file: provider, at: "# older"}},
	"unused layer": {{rule: layerUsed, file: "auth/_saml/layer.toml", text: "# SAML.\n"}},
	"templates": {
		{rule: templateParses, file: "auth/kinde/files/kinde/a.txt.tmpl", text: "a\n{{ if }}\n", at: "if"},
		{rule: hermeticFunctions, file: "auth/kinde/files/kinde/b.txt.tmpl", text: "a\n{{ now }}\n", at: "now"},
		{rule: knownFields, file: "auth/kinde/files/kinde/c.txt.tmpl", text: "a\n{{ .Projekt }}\n", at: "Projekt"},
		{rule: knownFields, file: "auth/kinde/files/kinde/d.txt.tmpl", text: "a\n{{ .Values.asset_name }}\n", at: "asset"},
		{rule: renders, file: "auth/kinde/files/kinde/e.txt.tmpl", text: "{{ if false }}a{{ end -}}\n"},
		{rule: fragmentUsed, file: "auth/kinde/fragments/Dockerfile.tmpl", text: "RUN true\n"},
		{rule: goParses, file: "auth/kinde/files/internal/auth/f.go.tmpl", text: "package auth\n\nvar f = \"{{ .Env }}\"\n", at: "var f"},
	},
	"sql": {
		{rule: sqlQualified, file: migrated, text: migrationFaults, at: "alter table todos"},
		{rule: sqlSearchPath, file: migrated, at: "create or replace function public.kinde_a"},
		{rule: sqlRevoke, file: migrated, at: "create or replace function public.kinde_a"},
		{rule: sqlDefiner, file: migrated, at: "create or replace function public.kinde_b"},
		{rule: sqlAuthUID, file: migrated, at: "create or replace function public.kinde_c"},
		{rule: sqlClaims, file: migrated, at: "create or replace function public.kinde_d"},
		{rule: sqlAuthUID, file: migrated, at: "create or replace function public.kinde_e"},
		{rule: sqlRLS, file: migrated, at: "create table if not exists public.kinde_bare"},
		{rule: sqlPolicies, file: migrated, at: "create table if not exists public.kinde_bare"},
		{rule: sqlRevoke, file: migrated, at: "create table if not exists public.kinde_bare"},
		{rule: sqlOwnerText, file: migrated, at: "owner_id   uuid"},
		{rule: sqlForeignIndex, file: migrated, at: "profile    text references"},
		{rule: sqlGrant, file: migrated, at: "grant select on public.kinde_notes to anon"},
		{rule: sqlPolicyTo, file: migrated, at: "create policy kinde_everybody"},
		{rule: sqlPolicyTrue, file: migrated, at: "create policy kinde_true"},
		{rule: sqlPolicyCheck, file: migrated, at: "create policy kinde_update"},
		{rule: sqlUserID, file: migrated, at: "create policy kinde_per_row"},
		{rule: sqlUserID, file: migrated, at: "create policy kinde_jwt"},
		{rule: sqlPolicyIndex, file: migrated, at: "create policy kinde_title"},
		{rule: sqlRerun, file: migrated, at: "create policy kinde_again"},
		{rule: sqlRerun, file: migrated, at: "create index kinde_notes_title"},
		{rule: sqlRerun, file: migrated, at: "insert into public.kinde_notes"},
		{rule: sqlRerun, file: migrated, at: "add column color"},
		{rule: sqlRerun, file: migrated, at: "drop function public.kinde_old"},
		{rule: sqlRerun, file: migrated, at: "create type public.kinde_mood"},
		{rule: sqlRerun, file: migrated, at: "add constraint kinde_title_short"},
		{rule: sqlView, file: migrated, at: "create or replace view public.kinde_view"},
		{rule: sqlRealtime, file: migrated, at: "create trigger kinde_messages"},
		{rule: sqlForeignSchema, file: migrated, at: "create table if not exists auth.kinde"},
		{rule: sqlForeignSchema, file: migrated, at: "create extension"},
		{rule: sqlConcurrently, file: migrated, at: "create index concurrently"},
		{rule: sqlGuard, file: "auth/kinde/files/migrations/02_guard.sql.tmpl", text: "select 1;\nset role anon;\n", at: "set role"},
		{rule: sqlGuard, file: "auth/kinde/files/migrations/03_syntax.sql.tmpl", text: "select 1;\ncreate tabel a;\n", at: "tabel"},
		{rule: sqlKeepsData, file: "auth/kinde/removal/migrations/01_remove-kinde.sql.tmpl", text: "-- Kinde goes.\ndrop table if exists public.kinde_notes;\n", at: "drop table"},
	},
}

const questions = `[[question]] # unused
key = "Kinde-Mode"
message = "a"
help = "a"
type = "input"
default = "a"

[[question]] # no help
key = "price"
message = "a"
type = "input"
default = "a"

[[question]] # no default
key = "clerk_insforge_token"
message = "a"
help = "a"
type = "input"

[[question]] # one choice
key = "auth0_insforge_token"
message = "a"
help = "a"
type = "select"
default = "one"
choices = [{ value = "one", label = "one" }]

[[question]] # two choices
key = "asset"
message = "a"
help = "a"
type = "select"
default = "twice"
choices = [
  { value = "twice", label = "first" },
  { value = "twice", label = "second" },
]

[[question]] # asked already
key = "disable_signup"
message = "a"
help = "a"
type = "confirm"
default = "true"

[[question]] # unused
key = "name"
message = "a"
help = "a"
type = "input"
default = "a"
`

const migrationFaults = `alter table todos enable row level security;

create or replace function public.kinde_a() returns integer language sql as $$ select 1 $$;

create or replace function public.kinde_b() returns integer language sql security definer set search_path = '' as $$ select 1 $$;
revoke all on function public.kinde_b() from public, anon;

create or replace function public.kinde_c() returns boolean language sql set search_path = '' as $$ select auth.uid() is null $$;
revoke all on function public.kinde_c() from public, anon;

create or replace function public.kinde_d() returns text language sql set search_path = '' as $$ select auth.jwt() ->> 'org_id' $$;
revoke all on function public.kinde_d() from public, anon;

create or replace function public.kinde_e() returns boolean language plpgsql set search_path = '' as $$
begin
  return auth.uid() is null;
end
$$;
revoke all on function public.kinde_e() from public, anon;

create table if not exists public.kinde_bare (id uuid primary key);

create table if not exists public.kinde_notes (
  id         uuid primary key,
  user_id    text not null,
  owner_id   uuid,
  profile    text references public.profiles (user_id),
  title      text
);
create index if not exists kinde_notes_user_id_idx on public.kinde_notes (user_id);
revoke all on public.kinde_notes from public, anon, authenticated;
grant select on public.kinde_notes to anon;
alter table public.kinde_notes enable row level security;

drop policy if exists kinde_everybody on public.kinde_notes;
create policy kinde_everybody on public.kinde_notes for select using (user_id = (select public.requesting_user_id()));
drop policy if exists kinde_true on public.kinde_notes;
create policy kinde_true on public.kinde_notes for select to authenticated using (true);
drop policy if exists kinde_update on public.kinde_notes;
create policy kinde_update on public.kinde_notes for update to authenticated using (user_id = (select public.requesting_user_id()));
drop policy if exists kinde_per_row on public.kinde_notes;
create policy kinde_per_row on public.kinde_notes for select to authenticated using (user_id = public.requesting_user_id());
drop policy if exists kinde_jwt on public.kinde_notes;
create policy kinde_jwt on public.kinde_notes for select to authenticated using (user_id = auth.jwt() ->> 'sub');
drop policy if exists kinde_title on public.kinde_notes;
create policy kinde_title on public.kinde_notes for select to authenticated using (title = (select public.requesting_user_id()));
create policy kinde_again on public.kinde_notes for delete to authenticated using (user_id = (select public.requesting_user_id()));

create index kinde_notes_title on public.kinde_notes (id, user_id);
insert into public.kinde_notes (id, user_id) values (gen_random_uuid(), 'a');
alter table public.kinde_notes add column color text;
drop function public.kinde_old();
create type public.kinde_mood as enum ('good');
alter table public.kinde_notes add constraint kinde_title_short check (length(title) < 9);

create or replace view public.kinde_view as select id from public.kinde_notes;

drop trigger if exists kinde_messages on realtime.messages;
create trigger kinde_messages after insert on realtime.messages for each row execute function public.kinde_e();
create table if not exists auth.kinde (id uuid primary key);
revoke all on auth.kinde from anon;
alter table public.kinde_notes enable row level security;
create extension if not exists pgcrypto;
create index concurrently if not exists kinde_notes_slow on public.kinde_notes (id);
`

// planted is a copy of the shipped templates with faults in them.
func planted(t *testing.T, faults []fault) fstest.MapFS {
	t.Helper()
	copied := fstest.MapFS{}
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates.FS, name)
		copied[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		have := copied[f.file]
		switch {
		case f.old == "*":
			have.Data = []byte("name = \"Kinde\"\nsummary = \"a\"\ndocs = \"https://docs.kinde.com\"\ncredential = \"a\"\ninclude = [\"_external\", \"_jwks\", \"_rs256\", \"_session\", \"_attempt\", \"_code\", \"_oidc\", \"_discovery\"]\n" +
				string(have.Data[strings.Index(string(have.Data), "\n[[env]]"):strings.Index(string(have.Data), "\n[doctor]")]))
		case f.old != "" && have == nil:
			t.Fatalf("there is no %s", f.file)
		case f.old != "":
			if n := strings.Count(string(have.Data), f.old); n != 1 {
				t.Fatalf("%s has %q %d times", f.file, f.old, n)
			}
			have.Data = []byte(strings.Replace(string(have.Data), f.old, f.text, 1))
		case have != nil:
			have.Data = append(slices.Clone(have.Data), f.text...)
		default:
			copied[f.file] = &fstest.MapFile{Data: []byte(f.text), Mode: cmp.Or(f.mode, 0o644)}
		}
	}
	return copied
}

// TestRun_faults plants mistakes that a contributor could make, each reported at
// its file and line, and nothing else.
func TestRun_faults(t *testing.T) {
	for name, faults := range runs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := planted(t, faults)
			type place struct {
				File string
				Line int
				Rule Rule
			}
			var want, got []place
			for _, f := range faults {
				p := place{cmp.Or(f.in, f.file), 1, f.rule}
				if text := cmp.Or(f.at, f.text); f.at != "" || f.old != "" && f.old != "*" {
					i := strings.Index(string(fsys[p.File].Data), text)
					if i < 0 {
						t.Fatalf("%s has no %q", p.File, text)
					}
					p.Line += strings.Count(string(fsys[p.File].Data[:i]), "\n")
				}
				want = append(want, p)
			}
			ids := []string{"kinde"}
			if name == "unused layer" || name == "id" {
				ids = nil
			}
			found, err := Run(fsys, ids...)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if ids == nil && !slices.ContainsFunc(want, func(p place) bool { return p.File == f.File }) {
					continue
				}
				if p := (place{f.File, f.Line, f.Rule}); !slices.Contains(got, p) {
					got = append(got, p)
				}
				if f.Problem == "" || f.Fix == "" || f.Rule.Sentence() == "" {
					t.Errorf("%+v does not say all there is to say", f)
				}
			}
			byPlace := func(a, b place) int {
				return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
			}
			slices.SortFunc(want, byPlace)
			slices.SortFunc(got, byPlace)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s\n%v", diff, join(found))
			}
		})
	}
}

func join(found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// TestRules: each rule is documented, and has a fault planted that breaks it.
func TestRules(t *testing.T) {
	seen := map[Rule]bool{}
	for _, faults := range runs {
		for _, f := range faults {
			seen[f.rule] = true
		}
	}
	for _, r := range Rules() {
		if r.Sentence() == "" {
			t.Errorf("%s says nothing", r)
		}
		if !seen[r] {
			t.Errorf("no test breaks %s", r)
		}
		delete(seen, r)
	}
	for r := range seen {
		t.Errorf("%s is not listed", r)
	}
}
