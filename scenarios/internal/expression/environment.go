// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"k8s.io/apiserver/pkg/cel/library"
)

// costLimit bounds one evaluation, in CEL's units of cost. Kubernetes allows a
// million for one expression
// (k8s.io/apiserver@v0.37.2/pkg/apis/cel/config.go:22), which is too little to look
// for a text in all of a kube-apiserver's /metrics, some megabytes; this is enough
// for that, and a second or two of computing.
const costLimit = 10_000_000

// interruptEvery is how many iterations of a comprehension go between two looks
// at the context, Kubernetes' own number
// (k8s.io/apiserver@v0.37.2/pkg/apis/cel/config.go:35).
const interruptEvery = 100

var baseEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	env, err := cel.NewEnv(
		cel.EagerlyValidateDeclarations(true),
		cel.EnableMacroCallTracking(), // to write a part with macros out again
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.ASTValidators(
			cel.ValidateDurationLiterals(),
			cel.ValidateTimestampLiterals(),
			cel.ValidateRegexLiterals(),
		),
		ext.Bindings(),
		ext.Lists(),
		ext.Math(),
		ext.Sets(),
		ext.Strings(),
		ext.TwoVarComprehensions(),
		library.URLs(),
		library.Regex(),
		library.Quantity(),
		library.IP(),
		library.CIDR(),
		library.Format(),
		library.Lists(),
		library.SemverLib(),
	)
	if err != nil {
		return nil, fmt.Errorf("make the environment of expressions: %w", err)
	}
	return env.Extend(cel.CustomTypeProvider(structProvider{env.CELTypeProvider()}))
})

// environments holds one environment a subject, since making one takes
// milliseconds and a catalogue has hundreds of expressions.
var environments = struct {
	sync.Mutex
	of map[Subject]*cel.Env
}{of: map[Subject]*cel.Env{}}

func environment(subject Subject) (*cel.Env, error) {
	declared, ok := variables[subject]
	if !ok {
		return nil, fmt.Errorf("there are no expressions about %q: the subjects are %v", subject, Subjects())
	}
	environments.Lock()
	defer environments.Unlock()
	if env, ok := environments.of[subject]; ok {
		return env, nil
	}
	base, err := baseEnvironment()
	if err != nil {
		return nil, err
	}
	options := make([]cel.EnvOption, 0, len(declared))
	for name, t := range declared {
		options = append(options, cel.Variable(name, t))
	}
	env, err := base.Extend(options...)
	if err != nil {
		return nil, fmt.Errorf("declare the variables of %s: %w", subject, err)
	}
	environments.of[subject] = env
	return env, nil
}
