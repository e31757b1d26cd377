package runtime

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// formatKey writes the arguments of a call as Go would, without type names. It
// calls no methods of the key: a key may be formatted while locks are held.
func formatKey(query string, key any) string {
	if key == nil {
		return ""
	}
	v := reflect.ValueOf(key)
	q := lookupQuery(query)
	if q == nil || q.def.Params < 2 || v.Kind() != reflect.Struct {
		return formatValue(v)
	}
	args := make([]string, v.NumField())
	for i := range args {
		args[i] = formatValue(v.Field(i))
	}
	return strings.Join(args, ", ")
}

func formatValue(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Struct:
		if t, ok := asTask(v); ok {
			return t
		}
		return formatFields(v)
	case reflect.Array:
		elems := make([]string, v.Len())
		for i := range elems {
			elems[i] = formatValue(v.Index(i))
		}
		return "[" + strings.Join(elems, ", ") + "]"
	case reflect.Pointer, reflect.Interface: // inside of a unique.Handle and the like
		if v.IsNil() {
			return "nil"
		}
		return formatValue(v.Elem())
	default:
		return fmt.Sprint(v)
	}
}

func formatFields(v reflect.Value) string {
	t := v.Type()
	fields := make([]string, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i).Name + ": " + formatValue(v.Field(i))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}
