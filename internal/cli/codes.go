package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/git"
	"github.com/insforge/forge/internal/pack"
	"github.com/insforge/forge/internal/pay"
	"github.com/insforge/forge/internal/prompt"
)

// ending is one way in which a run can fail. Its code and exit code are a contract
// with programs: they stay what they are.
type ending struct {
	Code    string `json:"code"`
	Exit    int    `json:"exit"`
	Meaning string `json:"meaning"`

	// is says whether an error is one of these. Nil where only codedError says so.
	is func(error) bool
}

// The codes that errors are given where they are made, because their type does not
// say it.
const (
	codeAnswersFile    = "answers_file"
	codeConflictsWait  = "conflicts_wait"
	codeDamagedRecord  = "record_damaged"
	codeNothingToGoOn  = "nothing_unfinished"
	codePackChanged    = "pack_changed"
	codePackGone       = "pack_unavailable"
	codeOutsideRoot    = "outside_root"
	codePlanUnknown    = "plan_unknown"
	codePlanChanged    = "plan_changed"
	codeProduction     = "production"
	codeProjectExists  = "project_exists"
	codeSetting        = "bad_setting"
	codeTarget         = "target_in_use"
	codeUnfinished     = "run_unfinished"
	codeUnknownChoice  = "unknown_provider"
	codeUpgradeFirst   = "upgrade_first"
	codePaymentRefused = "payment_refused"
)

// codedError is an error whose code was known where it was made.
type codedError struct {
	error
	code string
}

func (e codedError) Unwrap() error { return e.error }

// endings lists every ending. Of those that an error is, the first counts.
func endings() []ending {
	return []ending{
		{"interrupted", exitInterrupted, "the user or a signal ended the run; the message says how things are left", isErr(prompt.ErrInterrupted, context.Canceled)},
		{"drift", exitDrift, "status --check found edits, or an upgrade", isErr(errDrift)},
		{"unhealthy", exitFailed, "a check of doctor failed, or could not be made", isErr(errUnhealthy)},
		{"findings", exitFailed, "templates break rules, or a project made of them does not hold up", isErr(errFindings)},
		{"conflicts", exitConflicts, "forge will not decide alone about some files: --conflict, or conflict of the MCP tools, decides", isA[conflictsError]},
		{codeConflictsWait, exitConflicts, "an earlier run left conflicts in files: resolve them, then forge upgrade --continue, or --abort", isErr(generator.ErrPending)},
		{"missing_answers", exitUsage, "questions have no answer; each problem is one of them", either(isA[missingAnswersError], isA[*generator.MissingError])},
		{"bad_answers", exitUsage, "answers that cannot stand; each problem is one of them", isA[*generator.AnswerError]},
		{codeAnswersFile, exitUsage, "an answers file that cannot be read or has keys that mean nothing", nil},
		{codeUnknownChoice, exitUsage, "there is no such provider", nil},
		{codeOutsideRoot, exitUsage, "a path that is not in the folder that forge mcp was started for", isA[*generator.OutsideError]},
		{codePlanUnknown, exitUsage, "a plan that this server has not made, or has forgotten", nil},
		{codePlanChanged, exitFailed, "the folder or forge's templates changed since the plan was shown; nothing was written", nil},
		{"usage", exitUsage, "a command line, or arguments of a tool, that cannot be understood", either(isA[usageError], unknownCommand)},
		{"no_project", exitFailed, "neither the folder nor one above it is a project of forge's", isErr(generator.ErrNoProject)},
		{"newer_project", exitFailed, "a newer forge has written the project", isA[*generator.NewerError]},
		{codeDamagedRecord, exitFailed, "forge's record in the project cannot be read", nil},
		{"record_lost", exitFailed, "forge's record lacks what edited files are compared with", isA[*generator.LostError]},
		{codeUnfinished, exitFailed, "the last run was interrupted half way: forge upgrade --continue, or --abort", nil},
		{codeNothingToGoOn, exitFailed, "there is no unfinished run", nil},
		{codeUpgradeFirst, exitFailed, "another version of forge has written the project", nil},
		{"edited_since", exitFailed, "taking a run back would lose edits made since", isA[*generator.EditedError]},
		{"uncommitted_changes", exitFailed, "files of forge's have changes that git has not committed", isA[dirtyError]},
		{codeProjectExists, exitFailed, "the folder is a project of forge's already", nil},
		{codeTarget, exitFailed, "the folder is not empty, or is a file", nil},
		{"symbolic_link", exitFailed, "a symbolic link where forge would have to write through it", isA[*generator.LinkError]},
		{"obstacle", exitFailed, "a folder, a link or something else where a file is due, or the other way round", isA[*generator.ObstacleError]},
		{"busy", exitFailed, "another forge is at work in the folder", isErr(generator.ErrBusy)},
		{"stale", exitFailed, "a file changed between the plan and the writing; nothing was written", isA[*generator.StaleError]},
		{"unresolved", exitConflicts, "files still have conflicts", isA[*generator.UnresolvedError]},
		{"write_failed", exitFailed, "a file could not be written; nothing was kept", isA[*generator.ApplyError]},
		{"git_failed", exitFailed, "git answered what forge cannot go on with", either(isA[*git.Error], isErr(git.ErrNone))},
		{codePackChanged, exitFailed, "the folder of a template pack holds something else than the project was written with: --templates takes it", nil},
		{codePackGone, exitFailed, "a template pack cannot be found or downloaded", isErr(pack.ErrNoGo, pack.ErrUnreachable)},
		{"pack_mismatch", exitFailed, "a version of a template pack is not what it was", isErr(pack.ErrMismatch)},
		{"pack_refused", exitFailed, "a template pack has files that forge does not take", isA[*pack.ProblemError]},
		{"bad_templates", exitFailed, "a declaration of a provider is wrong", isA[*generator.ProviderError]},
		{"render_failed", exitFailed, "a template does not render", isA[*generator.RenderError]},
		{"path_collision", exitFailed, "two layers write one path", isA[*generator.CollisionError]},
		{codeSetting, exitFailed, "a variable is missing or malformed", nil},
		{codeProduction, exitFailed, "forge token does not work in production", nil},
		{"payment_open", exitFailed, "an earlier payment's outcome is not known yet", isA[*pay.PendingError]},
		{codePaymentRefused, exitFailed, "nothing was paid, or the seller refused", either(isA[*pay.RedirectError], isErr(pay.ErrUnknownAsset))},
		{"bad_key", exitFailed, "the key to pay with cannot be used", either(isA[*pay.ModeError], isErr(pay.ErrPassword))},
		{"no_terminal", exitUsage, "there is no terminal to ask on", isErr(prompt.ErrNotTerminal)},
		{"failed", exitFailed, "anything else; the message says what", func(error) bool { return true }},
	}
}

// endingOf says what err comes down to.
func endingOf(err error) ending {
	var coded codedError
	all := endings()
	given := errors.As(err, &coded)
	for _, e := range all {
		// Whatever else it is, an interrupted run was interrupted.
		if e.Exit == exitInterrupted && e.is(err) || given && e.Code == coded.code {
			return e
		}
		if !given && e.is != nil && e.is(err) {
			return e
		}
	}
	return all[len(all)-1]
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func isErr(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
}

func either(a, b func(error) bool) func(error) bool {
	return func(err error) bool { return a(err) || b(err) }
}

// unknownCommand knows the one error of cobra's that says it by its text alone.
func unknownCommand(err error) bool { return strings.HasPrefix(err.Error(), "unknown command") }
