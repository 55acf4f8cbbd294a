// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"maps"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
)

// Subject is what an expression is about. Its values are the verbs of an
// expectation.
type Subject string

// The subjects. What each declares stands in the package's comment.
const (
	SubjectAPIService Subject = "apiService"
	SubjectObject     Subject = "object"
	SubjectRequest    Subject = "request"
	SubjectKubectl    Subject = "kubectl"
	SubjectDiscovery  Subject = "discovery"
	SubjectDials      Subject = "dials"
	SubjectRequests   Subject = "requests"
	SubjectChanges    Subject = "changes"
	SubjectTraffic    Subject = "traffic"
	SubjectInterval   Subject = "interval"
)

// Subjects lists all subjects, sorted.
func Subjects() []Subject {
	return slices.Sorted(maps.Keys(variables))
}

// variables are what the expressions of a subject can name.
var variables = map[Subject]map[string]*cel.Type{
	SubjectAPIService: {"apiService": cel.DynType, "condition": cel.ObjectType(conditionType)},
	SubjectObject:     {"object": cel.DynType},
	SubjectRequest:    {"response": cel.ObjectType(responseType)},
	SubjectKubectl:    {"kubectl": cel.ObjectType(kubectlType)},
	SubjectDiscovery:  {"discovery": cel.ObjectType(discoveryType)},
	SubjectDials:      {"dials": cel.ListType(cel.ObjectType(dialType))},
	SubjectRequests:   {"requests": cel.ListType(cel.ObjectType(requestType))},
	SubjectChanges:    {"changes": cel.ListType(cel.ObjectType(changeType))},
	SubjectTraffic:    {"traffic": cel.ObjectType(trafficType)},
	SubjectInterval:   {"interval": cel.DurationType},
}

const (
	conditionType        = "aggtest.Condition"
	responseType         = "aggtest.Response"
	kubectlType          = "aggtest.Kubectl"
	discoveryType        = "aggtest.Discovery"
	discoveryGroupType   = "aggtest.DiscoveryGroup"
	discoveryVersionType = "aggtest.DiscoveryVersion"
	dialType             = "aggtest.Dial"
	requestType          = "aggtest.Request"
	changeType           = "aggtest.Change"
	trafficType          = "aggtest.Traffic"
)

// structs are the types of the variables, by name and field.
var structs = map[string]map[string]*types.Type{
	conditionType: {
		"type":               cel.StringType,
		"status":             cel.StringType,
		"reason":             cel.StringType,
		"message":            cel.StringType,
		"lastTransitionTime": cel.TimestampType,
	},
	responseType: {
		"code":        cel.IntType,
		"body":        cel.StringType,
		"json":        cel.DynType,
		"headers":     cel.MapType(cel.StringType, cel.StringType),
		"contentType": cel.StringType,
		"apiServer":   cel.StringType,
		"error":       cel.StringType,
		"took":        cel.DurationType,
	},
	kubectlType: {
		"stdout":   cel.StringType,
		"stderr":   cel.StringType,
		"exitCode": cel.IntType,
	},
	discoveryType: {
		"groups": cel.ListType(cel.ObjectType(discoveryGroupType)),
	},
	discoveryGroupType: {
		"name":             cel.StringType,
		"preferredVersion": cel.StringType,
		"versions":         cel.ListType(cel.ObjectType(discoveryVersionType)),
	},
	discoveryVersionType: {
		"version":   cel.StringType,
		"freshness": cel.StringType,
		"resources": cel.ListType(cel.StringType),
	},
	dialType: {
		"from":    cel.StringType,
		"address": cel.StringType,
		"to":      cel.StringType,
		"error":   cel.StringType,
		"open":    cel.BoolType,
		"ended":   cel.StringType,
		"lasted":  cel.DurationType,
	},
	requestType: {
		"server": cel.StringType,
		"method": cel.StringType,
		"path":   cel.StringType,
		"user":   cel.StringType,
		"code":   cel.IntType,

		"groups":            cel.ListType(cel.StringType),
		"query":             cel.StringType,
		"protocol":          cel.StringType,
		"clientCertificate": cel.StringType,
		"headers":           cel.MapType(cel.StringType, cel.StringType),
		"took":              cel.DurationType,
	},
	changeType: {
		"apiServer": cel.StringType,
		"status":    cel.StringType,
		"reason":    cel.StringType,
		"message":   cel.StringType,
	},
	trafficType: {
		"apiServer":  cel.StringType,
		"sent":       cel.IntType,
		"good":       cel.IntType,
		"failed":     cel.IntType,
		"codes":      cel.ListType(cel.IntType),
		"errorShare": cel.DoubleType,
		"longestGap": cel.DurationType,
		"last":       cel.ObjectType(responseType),
		"open":       cel.BoolType,
		"openFor":    cel.DurationType,
		"events":     cel.IntType,
	},
}

// structProvider makes the types of structs known to the checker. Their values
// are plain maps when an expression runs, so the fields come without accessors
// and are read by key.
type structProvider struct {
	types.Provider
}

func (p structProvider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := structs[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p structProvider) FindStructFieldNames(name string) ([]string, bool) {
	if fields, ok := structs[name]; ok {
		return slices.Sorted(maps.Keys(fields)), true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p structProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	fields, ok := structs[name]
	if !ok {
		return p.Provider.FindStructFieldType(name, field)
	}
	fieldType, ok := fields[field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{Type: fieldType}, true
}
