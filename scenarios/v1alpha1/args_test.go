// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitArgs(t *testing.T) {
	for _, tc := range []struct {
		line, reason string
		want         []string
		err          string
	}{
		{line: "", reason: "nothing"},
		{line: " \t\n ", reason: "only white space"},
		{line: "get apiservices  -o\twide", want: []string{"get", "apiservices", "-o", "wide"}, reason: "any white space splits"},
		{line: `-o 'a b' "c d"`, want: []string{"-o", "a b", "c d"}, reason: "quotes keep spaces"},
		{line: `-o=jsonpath='{.a}'x`, want: []string{"-o=jsonpath={.a}x"}, reason: "quotes inside an argument"},
		{line: `'' ""`, want: []string{"", ""}, reason: "empty arguments"},
		{line: `'a"b' "a'b"`, want: []string{`a"b`, `a'b`}, reason: "one quote inside the other"},
		{line: `"a\"b\\c\d" 'e\'`, want: []string{`a"b\c\d`, `e\`}, reason: "escapes inside quotes"},
		{line: `a\ b \'c \\`, want: []string{"a b", "'c", `\`}, reason: "escapes outside quotes"},
		{line: `{range .items[*]}|>$HOME;&`, want: []string{"{range", ".items[*]}|>$HOME;&"}, reason: "nothing else is special"},
		{line: `get 'ä`, err: "character 5: the quote ' does not end", reason: "an open quote"},
		{line: `ää "\"`, err: `character 4: the quote " does not end`, reason: "places count characters"},
		{line: `get \`, err: "character 5: a backslash stands last: write another to mean itself", reason: "a backslash at the end"},
	} {
		got, err := SplitArgs(tc.line)
		if tc.err != "" {
			if err == nil || err.Error() != tc.err || got != nil {
				t.Errorf("%s: SplitArgs(%q) = %q, %v, want the error %q", tc.reason, tc.line, got, err, tc.err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: SplitArgs(%q) = %q, %v, want %q", tc.reason, tc.line, got, err, tc.want)
		}
	}
}

// FuzzSplitArgs holds that arguments that are quoted again split into the same
// ones, and that an error has a place in the line.
func FuzzSplitArgs(f *testing.F) {
	f.Add(`get apiservices -o 'custom-columns=NAME:.metadata.name' "a\"b" \c`)
	f.Add(`'`)
	f.Add(`a\`)
	f.Fuzz(func(t *testing.T, line string) {
		args, err := SplitArgs(line)
		if err != nil {
			mistake, ok := err.(*argsError)
			if !ok || mistake.at < 1 || mistake.at > len([]rune(line)) {
				t.Fatalf("SplitArgs(%q): %v has no place in it", line, err)
			}
			return
		}
		var quotedAgain []string
		for _, arg := range args {
			quotedAgain = append(quotedAgain, "'"+strings.ReplaceAll(arg, "'", `'\''`)+"'")
		}
		again, err := SplitArgs(strings.Join(quotedAgain, " "))
		if err != nil || !slices.Equal(args, again) {
			t.Errorf("SplitArgs(%q) = %q, and quoted again %q, %v", line, args, again, err)
		}
	})
}
