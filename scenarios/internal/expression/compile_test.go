// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"strings"
	"testing"
)

func TestCompileErrors(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		subject Subject
		source  string
		want    string
	}{
		{"a misspelt variable", SubjectAPIService, `contition.status == 'True'`,
			`1:1: there is no "contition" here, did you mean "condition"? (expressions about apiService see apiService, condition)`},
		{"a variable of another subject", SubjectKubectl, `response.code == 503`,
			`1:1: there is no "response" here (expressions about kubectl see kubectl)`},
		{"a misspelt field", SubjectRequest, `response.cod == 503`,
			`1:10: there is no field "cod", did you mean "code"?`},
		{"a field of another type", SubjectDiscovery, `discovery.groups.all(g, g.version == 'x')`,
			`1:27: there is no field "version", did you mean "versions"?`},
		{"a misspelt field inside a macro", SubjectDiscovery, `discovery.groups.all(g, g.nam == 'x')`,
			`1:27: there is no field "nam", did you mean "name"?`},
		{"all mistakes, in order", SubjectRequest, "response.cod == 503 &&\n  respons.code == 503",
			"1:10: there is no field \"cod\", did you mean \"code\"?\n" +
				"2:3: there is no \"respons\" here, did you mean \"response\"? (expressions about request see response)"},
		{"two types that do not go together", SubjectRequest, `response.code == '503'`,
			`1:15: found no matching overload for '_==_' applied to '(int, string)'`},
		{"a syntax error", SubjectRequest, `response.code ==`,
			`1:17: mismatched input '<EOF>'`},
		{"a function that there is not", SubjectRequest, `response.body.include('x')`,
			`1:22: there is no "include" here`},
		{"not a bool", SubjectRequest, `response.body`,
			`1:1: the expression is of type string: it must be true or false`},
		{"empty", SubjectRequest, "  ",
			`1:1: the expression is empty`},
		{"a regular expression that is wrong", SubjectRequest, `response.body.matches('(')`,
			`1:23: invalid matches argument`},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			_, err := Compile(tc.subject, tc.source)
			var mistakes CompileErrors
			if !errors.As(err, &mistakes) {
				t.Fatalf("Compile(%q) = %v, want CompileErrors", tc.source, err)
			}
			if !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("Compile(%q):\n%v\nwant it to begin with\n%s", tc.source, err, tc.want)
			}
		})
	}
}

func TestCompileUnknownSubject(t *testing.T) {
	_, err := Compile("weather", "true")
	var mistakes CompileErrors
	if err == nil || errors.As(err, &mistakes) {
		t.Errorf("Compile about an unknown subject: %v, want an error that is no mistake in the expression", err)
	}
}

func TestSubjects(t *testing.T) {
	for _, subject := range Subjects() {
		p, err := Compile(subject, "true")
		if err != nil {
			t.Errorf("Compile(%s, true): %v", subject, err)
			continue
		}
		if p.Subject() != subject || p.String() != "true" {
			t.Errorf("the program of %s is about %s and reads %s", subject, p.Subject(), p)
		}
	}
	if len(Subjects()) != 10 {
		t.Errorf("there are %d subjects, want 10", len(Subjects()))
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`response.code == 503`)
	f.Add(`response.json.items.exists(i, i.name == 'x') ? true : response`)
	f.Add("response.\n\n\tcod")
	f.Add(`[1,2].sum() == response.headers['a`)
	f.Fuzz(func(t *testing.T, source string) {
		_, err := Compile(SubjectRequest, source)
		var mistakes CompileErrors
		if !errors.As(err, &mistakes) {
			return
		}
		lines := strings.Count(source, "\n") + 1
		for _, m := range mistakes {
			if m.Line < 1 || m.Line > lines || m.Column < 1 || m.Message == "" {
				t.Errorf("Compile(%q): %+v has no place in it", source, m)
			}
		}
	})
}
