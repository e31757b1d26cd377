package runtime

import (
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
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		return strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits())
	}
	if v.CanInt() {
		return strconv.FormatInt(v.Int(), 10)
	}
	if v.CanUint() {
		return strconv.FormatUint(v.Uint(), 10)
	}
	return v.Type().String() // no key has one of these
}

func formatFields(v reflect.Value) string {
	t := v.Type()
	fields := make([]string, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i).Name + ": " + formatValue(v.Field(i))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}
