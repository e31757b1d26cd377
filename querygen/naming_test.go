package querygen

import "testing"

func TestLowerFirst(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Parse": "parse", "parse": "parse", "HTTPGet": "httpGet", "URL": "url", "A": "a", "AQuery": "aQuery", "Éa": "éa",
	} {
		if got := lowerFirst(in); got != want {
			t.Errorf("lowerFirst(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFieldName(t *testing.T) {
	for in, want := range map[string]string{
		"": "P1", "file": "File", "_file": "File", "__": "P1", "世界": "P世界", "_1": "P1", "URL": "URL",
	} {
		if got := fieldName(in, "P1"); got != want {
			t.Errorf("fieldName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUnique(t *testing.T) {
	s := make(scope)
	for _, want := range []struct{ name, got string }{
		{"a", "a"}, {"a", "a2"}, {"a", "a3"}, {"func", "func2"}, {"nil", "nil2"}, {"a2", "a22"},
	} {
		if got := s.unique(want.name); got != want.got {
			t.Errorf("unique(%q) = %q, want %q", want.name, got, want.got)
		}
	}
}

func TestNearest(t *testing.T) {
	candidates := []string{"name", "version", "persist", "pure", "input"}
	for in, want := range map[string]string{
		"nmae": "name", "names": "name", "verson": "version", "prue": "pure", "Pure": "pure", "intput": "input", "x": "", "nope": "", "whatever": "",
	} {
		if got, _ := nearest(in, candidates); got != want {
			t.Errorf("nearest(%q) = %q, want %q", in, got, want)
		}
	}
}
