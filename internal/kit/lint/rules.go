package lint

// Rule is the ID of one demand on templates.
type Rule string

// What each of them wants is in Rules.
const (
	// Files.
	folderLayout   Rule = "folder-layout"
	templateSuffix Rule = "template-suffix"
	pathActions    Rule = "path-actions"
	pathPortable   Rule = "path-portable"
	pathCase       Rule = "path-case"
	noSymlink      Rule = "no-symlink"
	noExecutable   Rule = "no-executable"
	oneOwner       Rule = "one-owner"
	layerUsed      Rule = "layer-used"
	lineEndings    Rule = "line-endings"
	finalNewline   Rule = "final-newline"
	leftover       Rule = "leftover"
	providerNamed  Rule = "provider-named"

	// Templates.
	templateParses    Rule = "template-parses"
	hermeticFunctions Rule = "hermetic-functions"
	knownFields       Rule = "known-fields"
	renders           Rule = "renders"
	fragmentUsed      Rule = "fragment-used"

	// Go.
	goReadable      Rule = "go-readable"
	goControlAlone  Rule = "go-control-alone"
	goBranches      Rule = "go-branches"
	goValuesQuoted  Rule = "go-values-quoted"
	goParses        Rule = "go-parses"
	goFormatted     Rule = "go-formatted"
	requireImported Rule = "require-imported"
	importRequired  Rule = "import-required"
	lockCurrent     Rule = "lock-current"
	noForge         Rule = "no-forge"

	// Declarations.
	tomlParses          Rule = "toml-parses"
	tomlStrict          Rule = "toml-strict"
	declarationComplete Rule = "declaration-complete"
	idShape             Rule = "id-shape"
	docsLink            Rule = "docs-link"
	summaryShape        Rule = "summary-shape"
	includeExists       Rule = "include-exists"
	conditionShape      Rule = "condition-shape"
	includeOnce         Rule = "include-once"
	conflictsExist      Rule = "conflicts-exist"
	versionsAgree       Rule = "versions-agree"
	requireShape        Rule = "require-shape"
	renameShape         Rule = "rename-shape"
	doctorPresent       Rule = "doctor-present"
	doctorResolves      Rule = "doctor-resolves"
	textFilled          Rule = "text-filled"

	// Variables.
	envDeclared      Rule = "env-declared"
	envRead          Rule = "env-read"
	envOnce          Rule = "env-once"
	envDocumented    Rule = "env-documented"
	envPattern       Rule = "env-pattern"
	envExample       Rule = "env-example"
	envAgrees        Rule = "env-agrees"
	envSecret        Rule = "env-secret"
	envSecretDefault Rule = "env-secret-default"
	envSecretRead    Rule = "env-secret-read"
	envRequired      Rule = "env-required"

	// Questions.
	questionKey     Rule = "question-key"
	questionShape   Rule = "question-shape"
	questionHelp    Rule = "question-help"
	questionDefault Rule = "question-default"
	questionChoices Rule = "question-choices"
	questionUsed    Rule = "question-used"
	questionOnce    Rule = "question-once"

	// Guides.
	stepPresent   Rule = "step-present"
	stepComplete  Rule = "step-complete"
	stepSource    Rule = "step-source"
	urlShape      Rule = "url-shape"
	urlField      Rule = "url-field"
	urlServed     Rule = "url-served"
	golivePresent Rule = "golive-present"

	// Rendered files.
	insforgeToml   Rule = "insforge-toml"
	redirectListed Rule = "redirect-listed"
	envFile        Rule = "env-file"
	jsonParses     Rule = "json-parses"
	yamlParses     Rule = "yaml-parses"
	tomlRendered   Rule = "toml-rendered"
	makefileParses Rule = "makefile-parses"
	linksResolve   Rule = "links-resolve"

	// Migrations.
	migrationName    Rule = "migration-name"
	sqlGuard         Rule = "sql-guard"
	sqlQualified     Rule = "sql-qualified"
	sqlSearchPath    Rule = "sql-search-path"
	sqlRLS           Rule = "sql-rls"
	sqlPolicies      Rule = "sql-policies"
	sqlRevoke        Rule = "sql-revoke"
	sqlGrant         Rule = "sql-grant"
	sqlPolicyTo      Rule = "sql-policy-to"
	sqlPolicyTrue    Rule = "sql-policy-true"
	sqlPolicyCheck   Rule = "sql-policy-check"
	sqlAuthUID       Rule = "sql-auth-uid"
	sqlOwnerText     Rule = "sql-owner-text"
	sqlUserID        Rule = "sql-user-id"
	sqlClaims        Rule = "sql-claims"
	sqlRerun         Rule = "sql-rerun"
	sqlView          Rule = "sql-view"
	sqlDefiner       Rule = "sql-definer"
	sqlPolicyIndex   Rule = "sql-policy-index"
	sqlForeignIndex  Rule = "sql-foreign-index"
	sqlRealtime      Rule = "sql-realtime"
	sqlForeignSchema Rule = "sql-foreign-schema"
	sqlConcurrently  Rule = "sql-concurrently"
	sqlKeepsData     Rule = "sql-keeps-data"
)

// Sentence is what a rule wants.
func (r Rule) Sentence() string { return sentences[r] }

// Rules lists all of them, in the order in which they are documented.
func Rules() []Rule {
	return []Rule{
		folderLayout, templateSuffix, pathActions, pathPortable, pathCase, noSymlink, noExecutable, oneOwner, layerUsed,
		lineEndings, finalNewline, leftover, providerNamed, templateParses, hermeticFunctions, knownFields, renders,
		fragmentUsed, goReadable, goControlAlone, goBranches, goValuesQuoted, goParses, goFormatted, requireImported,
		importRequired, lockCurrent, noForge, tomlParses, tomlStrict, declarationComplete, idShape, docsLink, summaryShape,
		includeExists, conditionShape, includeOnce, conflictsExist, versionsAgree, requireShape, renameShape, doctorPresent, doctorResolves,
		textFilled, envDeclared, envRead, envOnce, envDocumented, envPattern, envExample, envAgrees, envSecret,
		envSecretDefault, envSecretRead, envRequired, questionKey, questionShape, questionHelp, questionDefault,
		questionChoices, questionUsed, questionOnce, stepPresent, stepComplete, stepSource, urlShape, urlField, urlServed,
		golivePresent, insforgeToml, redirectListed, envFile, jsonParses, yamlParses, tomlRendered, makefileParses,
		linksResolve, migrationName, sqlGuard, sqlQualified, sqlSearchPath, sqlRLS, sqlPolicies, sqlRevoke, sqlGrant,
		sqlPolicyTo, sqlPolicyTrue, sqlPolicyCheck, sqlAuthUID, sqlOwnerText, sqlUserID, sqlClaims, sqlRerun, sqlView,
		sqlDefiner, sqlPolicyIndex, sqlForeignIndex, sqlRealtime, sqlForeignSchema, sqlConcurrently, sqlKeepsData,
	}
}

var sentences = map[Rule]string{ //nolint:gochecknoglobals // a table, never written
	folderLayout:   "A folder holds its declaration, modules.lock, files/, fragments/, removal/ and cases/.",
	templateSuffix: "What is rendered ends in .tmpl.",
	pathActions:    "A file's name holds no actions: the folder is the condition.",
	pathPortable:   "A file's name is one that every system can write.",
	pathCase:       "No two paths of a project differ in case alone.",
	noSymlink:      "Templates are ordinary files.",
	noExecutable:   "No template is executable: a script is told by its first line.",
	oneOwner:       "Two layers never produce one path.",
	layerUsed:      "A shared layer is what some provider builds on.",
	lineEndings:    "Text is UTF-8 without a byte order mark, in lines that end in a line feed alone.",
	finalNewline:   "A template ends in a newline.",
	leftover:       "Nothing is left to be done, and no module path of a generated project is left over.",
	providerNamed:  "base and shared layers name no provider, and a provider names no other.",

	templateParses:    "Every template parses.",
	hermeticFunctions: "Templates call the functions that give the same text on any machine and any day.",
	knownFields:       "Templates use what there is, whatever was answered.",
	renders:           "Every template renders, whatever was answered.",
	fragmentUsed:      "A fragment is for a file that some layer renders and that says {{ fragments }}.",

	goReadable:      "Without its control lines, a Go template is Go that gofmt leaves as it is.",
	goControlAlone:  "In a Go template, control actions stand alone on their line.",
	goBranches:      "Go templates hold no conditions: a layer owns the file that differs.",
	goValuesQuoted:  "In a Go template, values stand inside string literals and comments only.",
	goParses:        "What a Go template renders is Go.",
	goFormatted:     "What a Go template renders is gofmt-clean, however long the answers are.",
	requireImported: "A required module is imported by the Go of its folder.",
	importRequired:  "A module that Go imports is required by one of the layers it is rendered with.",
	lockCurrent:     "modules.lock is what the Go tool made of the requirements.",
	noForge:         "Generated code imports nothing of forge, and no module of an example.",

	tomlParses:          "Declarations are TOML.",
	tomlStrict:          "Declarations have known keys only.",
	declarationComplete: "A declaration says all that a provider of its kind has to.",
	idShape:             "An ID is lower-case words joined by hyphens.",
	docsLink:            "docs is an https link.",
	summaryShape:        "A summary is a phrase that fits in a list: at most 70 characters, no full stop.",
	includeExists:       "An included layer stands beside the provider.",
	conditionShape:      "A condition names a question, and what its answer is or is not.",
	includeOnce:         "A layer is included once, and _common by itself.",
	conflictsExist:      "A conflict is with a provider that there is.",
	versionsAgree:       "All folders require one version of a module.",
	requireShape:        "A requirement has a module and a version.",
	renameShape:         "A rename has two paths and the version since which it holds.",
	doctorPresent:       "An auth provider says what forge doctor is to check.",
	doctorResolves:      "The doctor's addresses are made of declared variables.",
	textFilled:          "The texts of a declaration fill in.",

	envDeclared:      "A variable that Go reads is declared.",
	envRead:          "A declared variable is read.",
	envOnce:          "A variable is declared once in a project.",
	envDocumented:    "A variable has a comment that says what it is; .env.example and README show it.",
	envPattern:       "A variable has an anchored pattern, and a shape that says it in words.",
	envExample:       "A variable has an example, which its pattern takes.",
	envAgrees:        "The check in Go takes the declared example.",
	envSecret:        "A variable with a secret's name is marked secret.",
	envSecretDefault: "A secret has no default.",
	envSecretRead:    "Go keeps a secret in a type that does not print it.",
	envRequired:      "What Go requires is declared required, and nothing required has a default.",

	questionKey:     "A question's key is lower-case words joined by underscores, and none of the project's own.",
	questionShape:   "A question has a message, a type, and a check that can be said in words.",
	questionHelp:    "A question has a help text.",
	questionDefault: "A question has a default, which its own check takes.",
	questionChoices: "A select has two choices or more, each with a label and each once.",
	questionUsed:    "The answer to a question changes something.",
	questionOnce:    "A question is asked once in a project.",

	stepPresent:   "A hosted provider has dashboard steps.",
	stepComplete:  "A step has a title, and a text or fields.",
	stepSource:    "A step has an https link to where the provider says so.",
	urlShape:      "A URL has a known use, and a path or none.",
	urlField:      "A URL names the field that takes it, and a step names that field.",
	urlServed:     "The address of a callback is one that the server has.",
	golivePresent: "A provider says what to check before real users arrive.",

	insforgeToml:   "The rendered insforge.toml is one that InsForge's CLI takes whole.",
	redirectListed: "Every callback is among the redirect URLs of insforge.toml.",
	envFile:        "The rendered .env.example has one line for each variable.",
	jsonParses:     "Rendered JSON parses.",
	yamlParses:     "Rendered YAML parses.",
	tomlRendered:   "Rendered TOML parses.",
	makefileParses: "Rendered Makefiles have recipes that start with a tab, and each target once.",
	linksResolve:   "Relative links in rendered Markdown lead to a file of the project.",

	migrationName:    "A migration is called NN_words-and-hyphens.sql, NN being its order in the layer.",
	sqlGuard:         "InsForge takes the text as a migration.",
	sqlQualified:     "Names of relations have their schema.",
	sqlSearchPath:    "A function sets search_path to nothing.",
	sqlRLS:           "A table has row level security switched on beside it.",
	sqlPolicies:      "A table has a policy beside it.",
	sqlRevoke:        "A table or function takes back from anon what InsForge grants to everybody.",
	sqlGrant:         "Nothing is granted to anon or to everybody.",
	sqlPolicyTo:      "A policy names whom it is for, and not everybody.",
	sqlPolicyTrue:    "No policy of users lets every row pass.",
	sqlPolicyCheck:   "A policy for update has both USING and WITH CHECK.",
	sqlAuthUID:       "auth.uid() is not called: user IDs are text.",
	sqlOwnerText:     "A column that a user's ID is in has the type text.",
	sqlUserID:        "Policies compare with (select public.requesting_user_id()), once for each query.",
	sqlClaims:        "Of the claims of a token only sub, email and role are read.",
	sqlRerun:         "A migration can run a second time.",
	sqlView:          "A view runs with the rights of whoever reads it.",
	sqlDefiner:       "A function that runs with its owner's rights is taken from all callers.",
	sqlPolicyIndex:   "A column that a policy compares is in an index.",
	sqlForeignIndex:  "A foreign key has an index.",
	sqlRealtime:      "realtime.messages gets no trigger and no change but row level security.",
	sqlForeignSchema: "Nothing is made in InsForge's own schemas, and no extension.",
	sqlConcurrently:  "Nothing is done CONCURRENTLY: a migration is one transaction.",
	sqlKeepsData:     "Taking a layer out keeps the data of users unless they said to drop it.",
}
