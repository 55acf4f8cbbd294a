// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is a file's text, by line, to find places in.
type source struct {
	name  string
	lines []string
}

// lineBreaks are what the YAML parser counts as the end of a line.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func newSource(name string, data []byte) source {
	return source{name: name, lines: strings.Split(lineBreaks.Replace(string(data)), "\n")}
}

// documents parses the YAML documents of a file, empty ones left out. A syntax
// error ends it: what comes after cannot be told apart.
func (s source) documents(data []byte) ([]*yaml.Node, Problems) {
	var out []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, Problems{s.syntaxProblem(err)}
		}
		if document.Kind == yaml.DocumentNode && len(document.Content) == 1 && !isEmpty(document.Content[0]) {
			out = append(out, document.Content[0])
		}
	}
}

func isEmpty(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Style == 0 && node.Value == ""
}

var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// contextErrors are the messages that come with the line before the one where
// what is broken begins: go.yaml.in/yaml/v3@v3.0.6/decode.go:112 adds the missing
// one only to the errors of its scanner, and these are its parser's.
var contextErrors = map[string]bool{
	"did not find expected key":              true,
	"did not find expected '-' indicator":    true,
	"did not find expected ',' or ']'":       true,
	"did not find expected ',' or '}'":       true,
	"did not find expected node content":     true,
	"did not find expected <document start>": true,
	"did not find expected <stream-start>":   true,
	"found undefined tag handle":             true,
	"found duplicate %YAML directive":        true,
	"found incompatible YAML document":       true,
	"found duplicate %TAG directive":         true,
}

// syntaxProblem gives an error of the YAML parser a place. The parser tells a
// line at most; the column is where the text of that line begins.
func (s source) syntaxProblem(err error) Problem {
	message, line := err.Error(), 1
	if m := syntaxError.FindStringSubmatch(message); m != nil {
		message = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		if contextErrors[message] && m[1] != "" {
			line++
		}
	}
	line = min(max(line, 1), len(s.lines))
	text := s.lines[line-1]
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	if tab := strings.IndexByte(text[:indent], '\t'); tab >= 0 {
		message, indent = "a tab in the indentation: YAML is indented with spaces", tab
	}
	return Problem{
		Position: Position{File: s.name, Line: line, Column: indent + 1},
		Message:  "not YAML: " + message,
	}
}

// position is where a node is, or the place inside its text.
func (s source) position(node *yaml.Node, inside offset) Position {
	at := Position{File: s.name, Line: max(node.Line, 1), Column: max(node.Column, 1)}
	if node.Kind != yaml.ScalarNode || inside.line == 0 || at.Line > len(s.lines) {
		return at
	}
	if node.Style&yaml.LiteralStyle != 0 {
		return s.literalPosition(at, inside)
	}
	// Folded lines, escapes and replaced values stand elsewhere than in the
	// text that was read: the beginning has to do.
	column := at.Column - 1
	if node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		column++
	}
	line, value := []rune(s.lines[at.Line-1]), []rune(node.Value)
	upTo := min(inside.column-1, len(value))
	if inside.line != 1 || column+upTo > len(line) || string(line[column:column+upTo]) != string(value[:upTo]) {
		return at
	}
	at.Column = column + inside.column
	return at
}

// literalPosition is a place inside a block scalar that begins with |, whose
// lines follow and are indented as its first line that is not empty.
func (s source) literalPosition(at Position, inside offset) Position {
	indent := -1
	for _, line := range s.lines[at.Line:] {
		if text := strings.TrimLeft(line, " "); text != "" {
			indent = len(line) - len(text)
			break
		}
	}
	if indent < 0 || at.Line+inside.line > len(s.lines) {
		return at
	}
	at.Line += inside.line
	at.Column = indent + inside.column
	return at
}
