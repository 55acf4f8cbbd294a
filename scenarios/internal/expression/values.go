// SPDX-License-Identifier: Apache-2.0

package expression

import "time"

// Values are what an expression sees: one of the types of this file that
// implement it, the one of the expression's subject.
type Values interface {
	subject() Subject
	bindings() map[string]any
}

// APIServiceValues are what an expression about an APIService sees.
type APIServiceValues struct {
	// APIService is the object. The variable condition is its condition
	// Available, with empty fields when it has none.
	APIService map[string]any
}

// ObjectValues are what an expression about an object sees.
type ObjectValues struct {
	// Object is the object.
	Object map[string]any
}

// Response is the answer to an HTTP request.
type Response struct {
	// Code is the HTTP status, 0 when there was no answer.
	Code int
	// Body is the answer's body, and JSON what it decodes to: nil when it is not JSON.
	Body string
	JSON any
	// Headers are the answer's, with names in lower case.
	Headers map[string]string
	// ContentType is the header's media type.
	ContentType string
	// APIServer is the kube-apiserver that was asked.
	APIServer string
	// Error says why there was no answer. Empty when there was one.
	Error string
	// Took is the time until the answer was read.
	Took time.Duration
}

// KubectlOutput is what a run of kubectl gave.
type KubectlOutput struct {
	Stdout, Stderr string
	ExitCode       int
}

// DiscoveryDocument is what a kube-apiserver says of its groups.
type DiscoveryDocument struct {
	// Groups are in the order of the document.
	Groups []DiscoveryGroup
}

// DiscoveryGroup is one group of a [DiscoveryDocument].
type DiscoveryGroup struct {
	Name             string
	PreferredVersion string
	// Versions are in the order of the document.
	Versions []DiscoveryVersion
}

// DiscoveryVersion is one version of a [DiscoveryGroup].
type DiscoveryVersion struct {
	Version string
	// Freshness is Current or Stale, and empty where the document has no such field.
	Freshness string
	// Resources are the plural names.
	Resources []string
}

// Dials are connections that were asked for, in order.
type Dials []Dial

// Dial is one connection that was asked for.
type Dial struct {
	// From is who asked, and Address the host:port asked for.
	From, Address string
	// To is the replica that got it, as server/index; empty when nobody did, and Error then says why.
	To, Error string
	// Open is true while the connection is. Ended then says who ended it, and Lasted how long it was open.
	Open   bool
	Ended  string
	Lasted time.Duration
}

// Requests are requests that reached a server, in order.
type Requests []Request

// Request is one request that reached a server.
type Request struct {
	// Server is the replica, as server/index.
	Server       string
	Method, Path string
	// User is the one that the front proxy named.
	User string
	// Code is the HTTP status that the server gave.
	Code int
	// Groups are those that the front proxy named, and Query what followed the ?.
	Groups []string
	Query  string
	// Protocol is HTTP/1.1 or HTTP/2.0, and ClientCertificate the common name of the one that was shown.
	Protocol, ClientCertificate string
	// Headers are the request's, with names in lower case.
	Headers map[string]string
	// Took is the time until the answer was over.
	Took time.Duration
}

// Changes are what a condition became, in order.
type Changes []Change

// Change is one of them. Status is empty when the APIService has gone.
type Change struct {
	// APIServer is the kube-apiserver that showed it.
	APIServer               string
	Status, Reason, Message string
}

// Traffic is what became of background requests through one kube-apiserver.
type Traffic struct {
	APIServer string
	// Sent counts the requests that ended, Good those answered 2xx, Failed the others.
	Sent, Good, Failed int
	// Codes are the different codes that came, sorted; 0 stands for no answer.
	Codes []int
	// LongestGap is the longest time without a good answer.
	LongestGap time.Duration
	// Last is the last answer.
	Last Response
	// Open is true while a watch is open, OpenFor since when, and Events counts the lines that came.
	Open    bool
	OpenFor time.Duration
	Events  int
}

// Interval is a measured interval.
type Interval time.Duration

func (APIServiceValues) subject() Subject  { return SubjectAPIService }
func (ObjectValues) subject() Subject      { return SubjectObject }
func (Response) subject() Subject          { return SubjectRequest }
func (KubectlOutput) subject() Subject     { return SubjectKubectl }
func (DiscoveryDocument) subject() Subject { return SubjectDiscovery }
func (Dials) subject() Subject             { return SubjectDials }
func (Requests) subject() Subject          { return SubjectRequests }
func (Changes) subject() Subject           { return SubjectChanges }
func (Traffic) subject() Subject           { return SubjectTraffic }
func (Interval) subject() Subject          { return SubjectInterval }

func (v APIServiceValues) bindings() map[string]any {
	return map[string]any{"apiService": v.APIService, "condition": available(v.APIService)}
}

func (v ObjectValues) bindings() map[string]any {
	return map[string]any{"object": v.Object}
}

func (v Response) bindings() map[string]any {
	return map[string]any{"response": v.fields()}
}

func (v Response) fields() map[string]any {
	return map[string]any{
		"code":        v.Code,
		"body":        v.Body,
		"json":        v.JSON,
		"headers":     headers(v.Headers),
		"contentType": v.ContentType,
		"apiServer":   v.APIServer,
		"error":       v.Error,
		"took":        v.Took,
	}
}

func (v KubectlOutput) bindings() map[string]any {
	return map[string]any{"kubectl": map[string]any{
		"stdout":   v.Stdout,
		"stderr":   v.Stderr,
		"exitCode": v.ExitCode,
	}}
}

func (v DiscoveryDocument) bindings() map[string]any {
	return map[string]any{"discovery": map[string]any{
		"groups": list(v.Groups, func(g DiscoveryGroup) any {
			return map[string]any{
				"name":             g.Name,
				"preferredVersion": g.PreferredVersion,
				"versions": list(g.Versions, func(v DiscoveryVersion) any {
					return map[string]any{
						"version":   v.Version,
						"freshness": v.Freshness,
						"resources": list(v.Resources, func(r string) any { return r }),
					}
				}),
			}
		}),
	}}
}

func (v Dials) bindings() map[string]any {
	return map[string]any{"dials": list(v, func(d Dial) any {
		return map[string]any{
			"from": d.From, "address": d.Address, "to": d.To, "error": d.Error,
			"open": d.Open, "ended": d.Ended, "lasted": d.Lasted,
		}
	})}
}

func (v Requests) bindings() map[string]any {
	return map[string]any{"requests": list(v, func(r Request) any {
		return map[string]any{
			"server": r.Server, "method": r.Method, "path": r.Path, "user": r.User, "code": r.Code,
			"groups": list(r.Groups, func(g string) any { return g }), "query": r.Query,
			"protocol": r.Protocol, "clientCertificate": r.ClientCertificate, "headers": headers(r.Headers),
			"took": r.Took,
		}
	})}
}

func (v Changes) bindings() map[string]any {
	return map[string]any{"changes": list(v, func(c Change) any {
		return map[string]any{"apiServer": c.APIServer, "status": c.Status, "reason": c.Reason, "message": c.Message}
	})}
}

func (v Traffic) bindings() map[string]any {
	share := 0.0
	if v.Sent > 0 {
		share = float64(v.Failed) / float64(v.Sent)
	}
	return map[string]any{"traffic": map[string]any{
		"apiServer": v.APIServer, "sent": v.Sent, "good": v.Good, "failed": v.Failed, "errorShare": share,
		"codes":      list(v.Codes, func(code int) any { return code }),
		"longestGap": v.LongestGap, "last": v.Last.fields(),
		"open": v.Open, "openFor": v.OpenFor, "events": v.Events,
	}}
}

func (v Interval) bindings() map[string]any {
	return map[string]any{"interval": time.Duration(v)}
}

// headers is never nil, so that an expression can look for a name.
func headers(h map[string]string) map[string]string {
	if h == nil {
		return map[string]string{}
	}
	return h
}

func list[T any](items []T, convert func(T) any) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = convert(item)
	}
	return out
}

// available is the condition Available of an APIService, with all the fields
// that the type Condition promises.
func available(apiService map[string]any) map[string]any {
	out := map[string]any{
		"type": "", "status": "", "reason": "", "message": "", "lastTransitionTime": time.Time{},
	}
	status, _ := apiService["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] != "Available" {
			continue
		}
		for _, field := range []string{"type", "status", "reason", "message"} {
			if text, ok := condition[field].(string); ok {
				out[field] = text
			}
		}
		if text, ok := condition["lastTransitionTime"].(string); ok {
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				out["lastTransitionTime"] = at
			}
		}
	}
	return out
}
