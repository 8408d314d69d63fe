package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/insforge/forge/internal/pay"
	"github.com/insforge/forge/internal/prompt"
)

// keyPassword is the variable that opens a keystore where nobody can be asked.
const keyPassword = "FORGE_KEY_PASSWORD"

// purchase is one run of forge pay.
type purchase struct {
	keyFile, max, maxAtomic, method, data, network string
	resume, paymentFile, output                    string
	headers                                        []string
	yes, json                                      bool
	timeout                                        time.Duration

	limit  *pay.Limit
	client *pay.Client
	dest   *pay.Output
	asker  *prompt.Asker
	asked  bool // whether the user had to agree
}

func (a *app) payCommand() *cobra.Command {
	p := &purchase{}
	cmd := &cobra.Command{
		Use:   "pay URL",
		Short: "Pay an endpoint that asks for x402 payments, and print its answer",
		Long: "forge pay requests URL and prints the answer. If the server asks for money (402, x402 version 2),\n" +
			"it shows how much, asks you, signs one transfer of exactly that (scheme exact, EIP-3009) and sends the\n" +
			"same request again with it. It never signs twice for one request: while it is not known whether you were\n" +
			"charged, the signed payment lies in a file of yours, and --resume sends that same one again.\n\n" +
			"The key file holds a private key in hex, or is an Ethereum keystore; its password is asked for, or taken\n" +
			"from " + keyPassword + ".",
		Example: "  forge pay https://shop.example.com/v1/report --key-file key --data '{\"text\":\"hello\"}'\n" +
			"  forge pay https://shop.example.com/v1/report --key-file key --data @text.json --max 0.01 --json",
		Args: takes(0, 1, "one URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.buy(cmd.Context(), p, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.keyFile, "key-file", "", "`FILE` with your private key; only you may be able to read it")
	flags.StringVar(&p.max, "max", "", "pay at most this `AMOUNT` of whole tokens, such as 0.01; without a terminal it is your consent")
	flags.StringVar(&p.maxAtomic, "max-atomic", "", "the same in the token's smallest `UNITS`, for tokens forge does not know")
	flags.BoolVar(&p.yes, "yes", false, "pay without asking")
	flags.StringVar(&p.method, "method", "", "`METHOD` of the request (GET, or POST with --data)")
	flags.StringVar(&p.data, "data", "", "body of the request, or `@FILE`")
	flags.StringArrayVar(&p.headers, "header", nil, "header of the request, as `'Name: value'`; repeatable")
	flags.StringVar(&p.network, "network", "", "pay on this `NETWORK` only, such as eip155:196")
	flags.DurationVar(&p.timeout, "timeout", time.Minute, "how long to wait for the answer, and again for the paid one")
	flags.StringVar(&p.output, "output", "", "write the answer's body to `FILE`")
	flags.StringVar(&p.paymentFile, "payment-file", "", "`FILE` to keep the signed payment in until its outcome is known (in your cache folder)")
	flags.StringVar(&p.resume, "resume", "", "send the signed payment in `FILE` again")
	flags.BoolVar(&p.json, "json", false, "print one JSON document")
	cobra.CheckErr(cmd.MarkFlagFilename("key-file"))
	cobra.CheckErr(cmd.MarkFlagFilename("resume", "json"))
	return cmd
}

// buy checks the command line and goes one of two ways.
func (a *app) buy(ctx context.Context, p *purchase, args []string) error {
	if err := p.check(args); err != nil {
		return err
	}
	if p.output != "" {
		var err error
		if p.dest, err = pay.NewOutput(p.output); err != nil {
			return err
		}
		defer p.dest.Close()
	}
	p.client = pay.NewClient(func(what string) { fmt.Fprintln(a.Err, what) })
	if p.resume != "" {
		return a.resumePayment(ctx, p)
	}
	body, err := readData(p.data)
	if err != nil {
		return err
	}
	r, err := pay.NewRequest(p.method, args[0], p.headers, body)
	if err != nil {
		return usageError{err}
	}
	return a.request(ctx, p, r)
}

func (p *purchase) check(args []string) error {
	var problems []error
	if p.resume != "" {
		if len(args) > 0 || p.method != "" || p.data != "" || p.keyFile != "" || p.paymentFile != "" {
			problems = append(problems, errors.New("--resume sends what is in the file: it goes with --header, --timeout, --output and --json alone"))
		}
	} else {
		if len(args) == 0 {
			problems = append(problems, errors.New("pay needs the URL to pay for"))
		}
		if p.keyFile == "" {
			problems = append(problems, errors.New("--key-file is missing: a file with the private key to pay with"))
		}
	}
	if p.max != "" && p.maxAtomic != "" {
		problems = append(problems, errors.New("--max and --max-atomic are two ways to say one thing: give one"))
	}
	var err error
	if p.max != "" {
		if p.limit, err = pay.ParseLimit(p.max); err != nil {
			problems = append(problems, fmt.Errorf("--max: %w", err))
		}
	}
	if p.maxAtomic != "" {
		if p.limit, err = pay.ParseAtomicLimit(p.maxAtomic); err != nil {
			problems = append(problems, fmt.Errorf("--max-atomic: %w", err))
		}
	}
	if p.timeout <= 0 {
		problems = append(problems, errors.New("--timeout must be above zero"))
	}
	if problems == nil {
		return nil
	}
	return usageError{errors.Join(problems...)}
}

func readData(data string) ([]byte, error) {
	path, isFile := strings.CutPrefix(data, "@")
	switch {
	case data == "":
		return nil, nil
	case !isFile:
		return []byte(data), nil
	}
	const most = 10 << 20
	body, err := os.ReadFile(path)
	if err == nil && len(body) > most {
		err = fmt.Errorf("%s is longer than %d MiB", path, most>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	return body, nil
}

// request asks for the price, gets the user's consent, and pays.
func (a *app) request(ctx context.Context, p *purchase, r pay.Request) error {
	file, err := pay.OpenKeyFile(p.keyFile)
	if err != nil {
		var mode *pay.ModeError
		if errors.As(err, &mode) {
			return hinted{err, "chmod 600 " + quote(p.keyFile)}
		}
		return err
	}
	defer file.Close()

	asking, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	r, answer, challenge, err := p.client.Ask(asking, r)
	switch {
	case ctx.Err() != nil:
		return interruption{"nothing was paid"}
	case err != nil:
		var elsewhere *pay.RedirectError
		if errors.As(err, &elsewhere) {
			return hinted{err, "nothing was paid; if that is where you mean to buy, give its URL"}
		}
		return err
	case challenge == nil:
		return a.free(p, r, answer)
	}
	offer, err := challenge.Choose(p.network)
	if err != nil {
		return hinted{err, "nothing was paid"}
	}
	doc := terms(r, challenge, offer)
	a.showTerms(doc)
	path, err := p.path(r)
	if err != nil {
		return err
	}
	if err := pay.Vacant(path, time.Now()); err != nil {
		return stillOpen(a.name, err)
	}
	if err := a.agree(ctx, p, offer); err != nil {
		return a.declined(p, doc, err)
	}

	key, err := file.Key(ctx, func(ctx context.Context) ([]byte, error) { return a.password(ctx, p) })
	if err != nil {
		return err
	}
	defer key.Close()
	payment, err := pay.Sign(r, challenge, offer, key, time.Now())
	if err != nil {
		return err
	}
	key.Close()
	if err := payment.Keep(path); err != nil {
		return stillOpen(a.name, err)
	}
	return a.send(ctx, p, payment, path, r.Header, doc)
}

// path is where the signed payment is kept.
func (p *purchase) path(r pay.Request) (string, error) {
	if p.paymentFile != "" {
		return filepath.Abs(p.paymentFile)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hinted{fmt.Errorf("there is no folder to keep the signed payment in: %w", err), "give one with --payment-file"}
	}
	return pay.PaymentPath(filepath.Join(cache, "forge", "payments"), r), nil
}

// agree asks the user, unless the flags have answered. Nothing is paid without
// one or the other.
func (a *app) agree(ctx context.Context, p *purchase, o pay.Offer) error {
	price := o.Asset.Price(o.Amount)
	if p.limit != nil {
		within, err := p.limit.Allows(o.Asset, o.Amount)
		if err != nil {
			return hinted{
				fmt.Errorf("--max cannot be compared with %s: %w", price, err),
				"nothing was paid; --max-atomic sets the limit in the token's smallest units",
			}
		}
		if !within {
			return hinted{fmt.Errorf("the seller asks for %s, more than your limit of %s", price, p.limit), "nothing was paid"}
		}
	}
	if p.yes {
		return nil
	}
	err := a.terminal(p)
	switch {
	case err != nil && p.limit != nil:
		return nil
	case err != nil:
		flag := "--max-atomic " + o.Amount.String()
		if o.Asset.Known() {
			flag = "--max " + o.Asset.Decimal(o.Amount)
		}
		return hinted{
			usageError{fmt.Errorf("the seller asks for %s, and there is no terminal to ask you on", price)},
			"nothing was paid; " + flag + " pays up to that much without asking",
		}
	}
	p.asked = true
	yes, err := p.asker.Confirm(ctx, "Pay "+price+"?", false)
	if err == nil && !yes || errors.Is(err, prompt.ErrInterrupted) {
		return interruption{"nothing was paid"}
	}
	return err
}

// terminal makes p.asker ready, or says that there is nobody to ask.
func (a *app) terminal(p *purchase) (err error) {
	if p.asker == nil {
		p.asker, err = prompt.New(a.In, a.Err, a.getenv, false)
	}
	return err
}

func (a *app) password(ctx context.Context, p *purchase) ([]byte, error) {
	if word := a.getenv(keyPassword); word != "" {
		return []byte(word), nil
	}
	if err := a.terminal(p); err != nil {
		return nil, hinted{
			usageError{errors.New("the key file is locked, and there is no terminal to ask for its password on")},
			"nothing was paid; put the password into " + keyPassword,
		}
	}
	word, err := p.asker.Password(ctx, "Password of "+p.keyFile)
	if errors.Is(err, prompt.ErrInterrupted) {
		err = interruption{"nothing was paid"}
	}
	return word, err
}
