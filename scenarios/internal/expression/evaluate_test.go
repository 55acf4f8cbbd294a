// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func compile(t testing.TB, subject Subject, source string) *Program {
	t.Helper()
	p, err := Compile(subject, source)
	if err != nil {
		t.Fatalf("Compile(%s, %q): %v", subject, source, err)
	}
	return p
}

var failing = APIServiceValues{APIService: map[string]any{
	"metadata": map[string]any{"name": "v1.example.com", "generation": int64(2)},
	"spec":     map[string]any{"service": map[string]any{"port": int64(443)}},
	"status": map[string]any{"conditions": []any{
		map[string]any{"type": "Stale", "status": "True"},
		map[string]any{"type": "Available", "status": "False", "reason": "FailedDiscoveryCheck",
			"message": "x509: certificate has expired", "lastTransitionTime": "2026-01-02T03:04:05Z"},
	}},
}}

var notFound = Response{
	Code: 404, Body: `{"kind":"Status","code":404}`, ContentType: "application/json", APIServer: "kube-apiserver-0",
	JSON:    map[string]any{"kind": "Status", "code": int64(404)},
	Headers: map[string]string{"audit-id": "1"},
}

var plainText = Response{Code: 503, Body: "service unavailable"}

var groups = DiscoveryDocument{Groups: []DiscoveryGroup{
	{Name: "apps", PreferredVersion: "v1", Versions: []DiscoveryVersion{{Version: "v1", Freshness: "Current", Resources: []string{"deployments"}}}},
	{Name: "custom.example.com", PreferredVersion: "v1", Versions: []DiscoveryVersion{{Version: "v1", Freshness: "Stale"}}},
}}

func TestEval(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		source  string
		values  Values
		because string // what String of a result that does not hold says; "" when it holds
		notYet  string
		never   string
	}{
		{reason: "a field of the condition", values: failing, source: `condition.reason == 'FailedDiscoveryCheck'`},
		{reason: "a field of the condition that differs", values: failing, source: `condition.reason == 'Passed'`,
			because: `condition.reason = "FailedDiscoveryCheck"`},
		{reason: "only the half that is false is told", values: failing,
			source:  `condition.status == 'False' && condition.message.contains('not yet valid')`,
			because: `condition.message = "x509: certificate has expired"`},
		{reason: "both halves of an or are told", values: failing,
			source:  `condition.status == 'True' || condition.reason == 'Passed'`,
			because: `condition.status = "False"; condition.reason = "FailedDiscoveryCheck"`},
		{reason: "the value below a not is told", values: failing, source: `!(condition.status == 'False')`,
			because: `condition.status = "False"`},
		{reason: "a choice tells what chose and what was chosen", values: failing,
			source:  `apiService.metadata.generation > 1 ? condition.status == 'True' : true`,
			because: `apiService.metadata.generation = 2; condition.status = "False"`},
		{reason: "times are compared as times", values: failing, source: `condition.lastTransitionTime > timestamp('2026-01-01T00:00:00Z')`},
		{reason: "a time is told in UTC", values: failing, source: `condition.lastTransitionTime > timestamp('2027-01-01T00:00:00Z')`,
			because: `condition.lastTransitionTime = 2026-01-02T03:04:05Z; timestamp("2027-01-01T00:00:00Z") = 2027-01-01T00:00:00Z`},
		{reason: "no condition yet: its fields are empty", values: APIServiceValues{}, source: `condition.status == 'True'`,
			because: `condition.status = ""`},
		{reason: "an APIService that is not there yet", values: APIServiceValues{}, source: `apiService.spec.service.port == 443`,
			notYet: `apiService.spec.service.port: no such key: spec`},

		{reason: "numbers of JSON compare with integers", values: ObjectValues{Object: map[string]any{"spec": map[string]any{"replicas": 3.0}}},
			source: `object.spec.replicas == 3`},
		{reason: "a missing key is not yet", values: ObjectValues{Object: map[string]any{"status": map[string]any{}}},
			source: `object.status.phase == 'Ready'`, notYet: `object.status.phase: no such key: phase`},
		{reason: "an optional missing key is false", values: ObjectValues{Object: map[string]any{"status": map[string]any{}}},
			source: `object.?status.?phase.orValue('') == 'Ready'`, because: `object.?status.?phase.orValue("") = ""`},
		{reason: "an index out of bounds is not yet", values: ObjectValues{Object: map[string]any{"items": []any{}}},
			source: `object.items[0] == 1`, notYet: `object.items[0]: index out of bounds: 0`},
		{reason: "text that is no number is not yet", values: KubectlOutput{}, source: `int(kubectl.stdout) == 3`,
			notYet: `int(kubectl.stdout): type conversion error from 'string' to 'int'`},
		{reason: "a wrong type is never", values: ObjectValues{Object: map[string]any{"name": "x"}}, source: `object.name + 1 == 2`,
			never: `no such overload`},
		{reason: "a value that is no bool is never", values: ObjectValues{Object: map[string]any{"name": "x"}}, source: `object.name`,
			never: `it must be true or false`},
		{reason: "a bool field of the object", values: ObjectValues{Object: map[string]any{"paused": false}}, source: `object.paused`,
			because: `object.paused = false`},

		{reason: "the code of an answer", values: notFound, source: `response.code == 404 && response.json.kind == 'Status'`},
		{reason: "an answer that is not JSON is not yet", values: plainText, source: `response.json.items.size() == 0`,
			notYet: `response.json.items: no such key: items`},
		{reason: "a call on an answer that is not JSON is not yet", values: plainText, source: `size(response.json) == 0`,
			notYet: `size(response.json): response.json is null`},
		{reason: "a header that is not there", values: notFound, source: `response.headers['warning'] == ''`,
			notYet: `response.headers["warning"]: no such key: warning`},
		{reason: "a header that is there", values: notFound, source: `response.headers['audit-id'] == '1'`},
		{reason: "headers may be none", values: plainText, source: `!('warning' in response.headers)`},
		{reason: "no answer at all", values: Response{Error: "connection refused"}, source: `response.error == '' && response.code == 200`,
			because: `response.error = "connection refused"`},

		{reason: "kubectl's lines", values: KubectlOutput{Stdout: "a\nb\n"}, source: `kubectl.stdout.split('\n').size() == 4 && kubectl.exitCode == 0`,
			because: `kubectl.stdout.split("\n").size() = 3`},
		{reason: "the order of groups", values: groups, source: `discovery.groups.map(g, g.name) == ['apps', 'custom.example.com']`},
		{reason: "the order of groups, wrong", values: groups, source: `discovery.groups.map(g, g.name) == ['custom.example.com', 'apps']`,
			because: `discovery.groups.map(g, g.name) = ["apps","custom.example.com"]`},
		{reason: "kubernetes' list functions", values: groups,
			source: `discovery.groups.map(g, g.name).indexOf('apps') < discovery.groups.map(g, g.name).indexOf('custom.example.com')`},
		{reason: "a macro tells the list that it runs over", values: groups,
			source:  `discovery.groups.filter(g, g.name == 'apps').exists(g, g.versions.all(v, v.freshness == 'Stale'))`,
			because: `discovery.groups.filter(g, g.name == "apps") = [{"name":"apps","preferredVersion":"v1","versions":[{"freshness":"Current","resources":["deployments"],"version":"v1"}]}]`},
		{reason: "resources that are none", values: groups, source: `discovery.groups[1].versions[0].resources.size() == 0`},
		{reason: "dials", values: Dials{{From: "kube-apiserver-0", Address: "10.0.0.1:443", Error: "refused"}},
			source: `dials.exists(d, d.to == 'server/0')`, because: `dials = [{"address":"10.0.0.1:443","ended":"","error":"refused","from":"kube-apiserver-0","lasted":"0s","open":false,"to":""}]`},
		{reason: "how long a connection lasted", values: Dials{{To: "s/0", Ended: "cut", Lasted: 45 * time.Second}},
			source: `dials.exists(d, !d.open && d.ended == 'cut' && d.lasted > duration('40s'))`},
		{reason: "what the front proxy says of a request", values: Requests{{Groups: []string{"g"}, Headers: map[string]string{"x-remote-extra-a": "b"}, Query: "watch=true", Protocol: "HTTP/2.0"}},
			source: `requests.all(r, 'g' in r.groups && r.headers['x-remote-extra-a'] == 'b' && r.query == 'watch=true' && r.clientCertificate == '')`},
		{reason: "headers of a request may be none", values: Requests{{}}, source: `!('authorization' in requests[0].headers)`},
		{reason: "the changes of a condition", values: Changes{{Status: "True"}, {Status: "False", Reason: "MissingEndpoints"}},
			source: `changes.map(c, c.status) == ['True', 'False'] && changes[1].reason == 'MissingEndpoints'`},
		{reason: "the share of errors", values: Traffic{Sent: 4, Good: 3, Failed: 1}, source: `traffic.errorShare == 0.25`},
		{reason: "no traffic has no errors", values: Traffic{}, source: `traffic.errorShare == 0.0 && traffic.last.code == 0`},
		{reason: "the longest gap", values: Traffic{LongestGap: 3 * time.Second}, source: `traffic.longestGap < duration('2s')`,
			because: `traffic.longestGap = 3s; duration("2s") = 2s`},
		{reason: "the codes that came", values: Traffic{Codes: []int{200, 503}}, source: `traffic.codes == [200, 503] && !(404 in traffic.codes)`},
		{reason: "a watch that is open", values: Traffic{Open: true, OpenFor: time.Minute}, source: `traffic.open && traffic.openFor >= duration('60s')`},
		{reason: "an interval", values: Interval(time.Second), source: `interval >= duration('1s') && interval < duration('2s')`},
		{reason: "requests", values: Requests{{Server: "s/0", Method: "GET", Path: "/apis", User: "u", Code: 200}},
			source: `requests.all(r, r.code == 200 && r.method == 'GET')`},
		{reason: "no requests", values: Requests(nil), source: `requests.size() == 1`, because: `requests.size() = 0`},

		{reason: "quantities", values: ObjectValues{Object: map[string]any{"cpu": "1500m"}}, source: `quantity(object.cpu).isGreaterThan(quantity('1'))`},
		{reason: "a regular expression from the values that is wrong is never", values: ObjectValues{Object: map[string]any{"re": "("}},
			source: `'x'.matches(object.re)`, never: `error parsing regexp`},
		{reason: "too costly is never", values: ObjectValues{Object: map[string]any{"n": manyNumbers(300)}},
			source: `object.n.all(a, object.n.all(b, object.n.all(c, a + b + c >= 0)))`, never: `cost limit exceeded`},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			result, err := compile(t, tc.values.subject(), tc.source).Eval(t.Context(), tc.values)
			var notYet *NotYet
			switch {
			case tc.never != "":
				if err == nil || errors.As(err, &notYet) || !strings.Contains(err.Error(), tc.never) {
					t.Fatalf("Eval = %v, %v, want an error with %q that is not NotYet", result, err, tc.never)
				}
			case tc.notYet != "":
				if !errors.As(err, &notYet) || err.Error() != tc.notYet {
					t.Fatalf("Eval = %v, %#v, want NotYet %q", result, err, tc.notYet)
				}
			case err != nil:
				t.Fatalf("Eval: %v", err)
			default:
				if result.Holds != (tc.because == "") || result.String() != tc.because {
					t.Fatalf("Eval = %v because %s, want because %s", result.Holds, result, tc.because)
				}
			}
		})
	}
}

func manyNumbers(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = int64(i)
	}
	return out
}

func TestEvalEndsWithItsContext(t *testing.T) {
	p := compile(t, SubjectObject, `object.n.all(a, object.n.all(b, a + b >= 0))`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Eval(ctx, ObjectValues{Object: map[string]any{"n": manyNumbers(1000)}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Eval with an ended context: %v, want %v", err, context.Canceled)
	}
}

func TestEvalOfAnotherSubject(t *testing.T) {
	p := compile(t, SubjectKubectl, `kubectl.exitCode == 0`)
	if _, err := p.Eval(t.Context(), Dials{}); err == nil || !strings.Contains(err.Error(), "it is about kubectl") {
		t.Errorf("Eval of other values: %v, want an error that names the subject", err)
	}
	if _, err := p.Eval(t.Context(), nil); err == nil {
		t.Error("Eval of nothing has no error")
	}
}

func TestLongValuesAreCut(t *testing.T) {
	p := compile(t, SubjectKubectl, `kubectl.stdout == ''`)
	result, err := p.Eval(t.Context(), KubectlOutput{Stdout: strings.Repeat("ö", 1000)})
	if err != nil {
		t.Fatal(err)
	}
	if got := len([]rune(result.String())); got > longestValue+30 {
		t.Errorf("a value of 1000 characters is told in %d", got)
	}
}
