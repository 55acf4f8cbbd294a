// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"strings"
	"unicode"
)

// SplitArgs splits a line into arguments as a shell does: at white space, with
// '...' for text as it is, "..." for text in which \" and \\ are escapes, and a
// backslash before any other character to keep it. Nothing else is special:
// there are no variables, pipes or patterns. An error says at which character a
// quote begins that does not end, or that a backslash stands last.
func SplitArgs(line string) ([]string, error) {
	var (
		args    []string
		arg     strings.Builder
		started bool // an argument has begun, if only with an empty quote
		text    = []rune(line)
	)
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case unicode.IsSpace(r):
			if started {
				args = append(args, arg.String())
				arg.Reset()
				started = false
			}
		case r == '\\':
			if i++; i == len(text) {
				return nil, &argsError{at: i, message: "a backslash stands last: write another to mean itself"}
			}
			arg.WriteRune(text[i])
			started = true
		case r == '\'' || r == '"':
			end := quoted(text, i, &arg)
			if end < 0 {
				return nil, &argsError{at: i + 1, message: fmt.Sprintf("the quote %c does not end", r)}
			}
			i, started = end, true
		default:
			arg.WriteRune(r)
			started = true
		}
	}
	if started {
		args = append(args, arg.String())
	}
	return args, nil
}

// quoted writes the text between the quote at start and its end, and gives the
// place of the end, or -1 when there is none.
func quoted(text []rune, start int, into *strings.Builder) int {
	quote := text[start]
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i
		case text[i] == '\\' && quote == '"' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			into.WriteRune(text[i])
		default:
			into.WriteRune(text[i])
		}
	}
	return -1
}

// argsError is a mistake in a line of arguments.
type argsError struct {
	at      int // the character, from 1
	message string
}

func (e *argsError) Error() string {
	return fmt.Sprintf("character %d: %s", e.at, e.message)
}
