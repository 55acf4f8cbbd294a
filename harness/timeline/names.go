// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// firstRandomPort is where NodePorts begin; systems give away higher ones
	// still (32768 on Linux, 49152 elsewhere). What people choose is below.
	firstRandomPort = 30000
	// someTime stands for a moment or a measured length of time.
	someTime = "some-time"
	// anyPort is the port that a connection was made from, which means nothing.
	anyPort = "*"
	// longestWord is more than a host name (253 bytes) and a port. What is longer
	// is data of some kind.
	longestWord = 300
)

// names replaces what is made up anew in each run by names in order of appearance.
type names struct {
	// given has the names by kind and value.
	given map[string]string
	count map[string]int
	// masked gives everything of a kind the same name.
	masked bool
}

func newNames() *names { return &names{given: map[string]string{}, count: map[string]int{}} }

// masked is the text without the values of any run and without their numbers.
func masked(text string) string {
	n := newNames()
	n.masked = true
	return n.replace(text)
}

func (n *names) name(kind, value string) string {
	if n.masked {
		return kind + "-?"
	}
	key := kind + " " + value
	name, ok := n.given[key]
	if !ok {
		n.count[kind]++
		name = fmt.Sprintf("%s-%d", kind, n.count[kind])
		n.given[key] = name
	}
	return name
}

var (
	// moment is a time as RFC 3339 or Go's Time.String writes it.
	moment = regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d\d:?\d\d)\b)?( [A-Z]{3,4}\b)?( m=[+-][\d.]+)?`)
	uid    = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	// numbered is a number that its word says the kind of.
	numbered = regexp.MustCompile(`(?i)\b(resource ?version|pid)("?[ :=]{1,2}"?)(\d+)\b`)
	// word is what may be an address, a length of time or a part of a path, with
	// punctuation at its ends.
	word = regexp.MustCompile(`[\pL\pN.:%_\[\]-]+`)
	// random is a name of a folder as os.MkdirTemp makes it up, or with a random
	// number in hexadecimal.
	random = regexp.MustCompile(`^[A-Za-z][A-Za-z._-]*(\d{6,}|-[0-9a-f]{8,})$`)
	// measured is a length of time that nobody would choose: with decimals
	// beyond the tenth.
	measured = regexp.MustCompile(`\.\d{2,}(ns|us|µs|μs|ms|s)$`)
)

// replace gives what differs from run to run its name. Text in which everything
// has been replaced comes back as it is.
func (n *names) replace(text string) string {
	text = uid.ReplaceAllStringFunc(text, func(value string) string { return n.name("uid", value) })
	text = moment.ReplaceAllString(text, someTime)
	text = n.replaceNumbered(text)
	var b strings.Builder
	done := 0
	for _, at := range word.FindAllStringIndex(text, -1) {
		b.WriteString(text[done:at[0]])
		b.WriteString(n.word(text[at[0]:at[1]], text[:at[0]], text[at[1]:]))
		done = at[1]
	}
	b.WriteString(text[done:])
	return b.String()
}

func (n *names) replaceNumbered(text string) string {
	return numbered.ReplaceAllStringFunc(text, func(found string) string {
		part := numbered.FindStringSubmatch(found)
		kind := "rv"
		if strings.EqualFold(part[1], "pid") {
			kind = "pid"
		}
		return part[1] + part[2] + n.name(kind, part[3])
	})
}

// word replaces a word if it is of a kind that differs. before and after are the
// text around it.
func (n *names) word(text, before, after string) string {
	if len(text) > longestWord {
		return text
	}
	core, left, right := trim(text)
	// The source of "read tcp 10.0.0.1:40000->10.0.0.2:443".
	source := right == "-" && strings.HasPrefix(after, ">")
	switch {
	case measured.MatchString(core):
		if _, err := time.ParseDuration(core); err == nil {
			return left + someTime + right
		}
	case strings.HasSuffix(before, "/") && left == "" && random.MatchString(core):
		return n.name("tmp", core) + right
	}
	host, port := core, ""
	if _, err := netip.ParseAddr(core); err != nil {
		if i := strings.LastIndexByte(core, ':'); i > 0 {
			host, port = core[:i], core[i+1:]
		}
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if address, err := netip.ParseAddr(bare); err == nil && strings.ContainsAny(bare, "0123456789") {
		host = n.name("ip", address.String())
	} else if port == "" || strings.Contains(host, ":") {
		return text
	}
	if port == "" {
		return left + host + right
	}
	return left + host + ":" + n.port(port, source) + right
}

func (n *names) port(port string, source bool) string {
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil:
		return port
	case source:
		return anyPort
	case number >= firstRandomPort:
		return n.name("port", port)
	}
	return port
}

// trim takes the punctuation from both ends of a word.
func trim(text string) (core, left, right string) {
	core = text
	for {
		switch {
		case core == "" || isAddress(core):
			return core, left, right
		case strings.ContainsAny(core[len(core)-1:], ".:-%_"),
			strings.HasSuffix(core, "]") && !strings.Contains(core, "["):
			core, right = core[:len(core)-1], core[len(core)-1:]+right
		case strings.HasPrefix(core, "[") && !strings.Contains(core, "]"):
			core, left = core[1:], left+core[:1]
		default:
			return core, left, right
		}
	}
}

// isAddress is for addresses of IPv6 that end in a colon.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
