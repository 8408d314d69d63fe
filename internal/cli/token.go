package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/generator"
	"github.com/insforge/forge/internal/dotenv"
	"github.com/insforge/forge/internal/usertoken"
	"github.com/insforge/forge/internal/view"
)

// How long a development token is good for. It cannot be called back.
const (
	defaultTokenLife = 5 * time.Minute
	minTokenLife     = time.Second
	maxTokenLife     = 15 * time.Minute
)

func (a *app) tokenCommand() *cobra.Command {
	var subject string
	var life time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "token --sub USER",
		Short: "Print a development token with which InsForge takes the caller for a user",
		Long: "forge token signs what the project's server hands to InsForge for a signed-in user: a token of a few\n" +
			"minutes with the role " + usertoken.Role + ". It is for InsForge's own API, to try out there what row level\n" +
			"security lets a user do. It is no sign-in at your own server, which wants a credential of your auth\n" +
			"provider and answers 401 to it.\n\n" +
			usertoken.SecretName + " is taken from the environment, or else from .env. forge token refuses to work\n" +
			"in production: whoever holds the token is that user.",
		Example: "  curl -H \"Authorization: Bearer $(forge token --sub user_123)\" https://abc12345.us-east.insforge.app/api/database/records/todos\n" +
			"  forge token --sub user_123 --ttl 30s --json",
		Args:              projectOnly,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkTokenFlags(cmd.Flags().Changed("sub"), subject, life); err != nil {
				return err
			}
			return a.token(subject, life, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&subject, "sub", "", "`ID` of the user, as your auth provider writes it")
	flags.DurationVar(&life, "ttl", defaultTokenLife, "how long the token is good for, 1s to 15m")
	flags.BoolVar(&asJSON, "json", false, "print one JSON document")
	for _, name := range []string{"sub", "ttl"} {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

func checkTokenFlags(given bool, subject string, life time.Duration) error {
	var problems []error
	if !given {
		problems = append(problems, errors.New("--sub is missing: the ID of the user to be, such as user_123"))
	} else if err := usertoken.CheckSubject(subject); err != nil {
		problems = append(problems, fmt.Errorf("--sub: %w", err))
	}
	switch {
	case life < minTokenLife || life > maxTokenLife:
		problems = append(problems, fmt.Errorf("--ttl: %v is not between 1s and 15m: a token cannot be called back, so it lives shortly", life))
	case life%time.Second != 0:
		problems = append(problems, fmt.Errorf("--ttl: %v is no whole number of seconds, which is all that a token can say", life))
	}
	if problems == nil {
		return nil
	}
	return usageError{errors.Join(problems...)}
}

func (a *app) token(subject string, life time.Duration, asJSON bool) error {
	dir, _, err := readState()
	if err != nil {
		return err
	}
	if err := hasUsers(dir); err != nil {
		return err
	}
	settings := dotenv.Read(os.DirFS(dir), a.getenv)
	if err := inDevelopment(settings); err != nil {
		return err
	}
	secret, problem := settings.Check(usertoken.SecretName, usertoken.SecretMeaning, usertoken.WrongSecret)
	if problem != nil {
		where := ""
		if problem.Where != "" {
			where = " in " + problem.Where
		}
		return hinted{codedError{fmt.Errorf("no token: %s%s %s", usertoken.SecretName, where, problem.What), codeSetting}, problem.Fix}
	}
	now := time.Now().Truncate(time.Second)
	doc := view.TokenDocument{
		Token: usertoken.Sign(secret, subject, now, life), Sub: subject, Role: usertoken.Role, ExpiresAt: now.Add(life).UTC(),
	}
	if asJSON {
		return view.JSON(a.Out, doc)
	}
	_, err = fmt.Fprintln(a.Out, doc.Token)
	return err
}

// hasUsers refuses to go on in a project to which nobody signs in. Whether one is,
// is the only thing read here: a record that is lost keeps nobody from a token.
func hasUsers(dir string) error {
	if m, err := generator.ReadManifest(os.DirFS(dir)); err == nil && m.Answers.Auth == generator.None {
		return hinted{
			errors.New("no token: this project has no users, and its server signs no tokens for any"),
			"forge add auth ID signs users in",
		}
	}
	return nil
}

// inDevelopment refuses to go on if the environment or .env says that the project
// runs in production, or says what it does not mean to the server.
func inDevelopment(s dotenv.Settings) error {
	const name = "APP_ENV"
	_, from := s.Get(name)
	places := []struct{ value, where string }{{s.InEnvironment(name), from}, {s.InFile[name], dotenv.File}}
	for _, at := range places {
		switch at.value {
		case "", "development":
		case "production":
			return hinted{
				codedError{fmt.Errorf("no token: %s in %s is production, and whoever holds a token is that user", name, at.where), codeProduction},
				"use a development project of its own; a user's own token is what your server answers at GET /v1/insforge-token",
			}
		default:
			return hinted{
				codedError{fmt.Errorf("no token: %s in %s is neither development nor production, so this may be production", name, at.where), codeProduction},
				"set " + name + " in " + at.where + " to development, or take it away",
			}
		}
	}
	return nil
}
