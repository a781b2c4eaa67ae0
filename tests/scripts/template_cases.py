"""The cases of make_template_goldens.py."""

VARIABLES = {
    "msgs": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " Hello! "}, {"role": "user", "content": "Größe? \"q\" & <t>\nnew"}],
    "people": [{"name": "bob", "age": 30, "city": "ca"}, {"name": "Alice", "age": 25, "city": "NY"}, {"name": "carol", "age": 30, "city": "CA"}],
    "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}, {"v": 5, "c": []}],
    "dd": {"b": 2, "a": 1, "C": [1, 2], "items": "I", "nested": {"x": None, "y": True, "z": 1.5}},
    "text": "The quick brown fox jumps over the lazy dog",
    "uni": "Ünïcode ß 漢字 😀 ŉ İ ΑΣ",
    "lines": "one\ntwo\r\nthree\n\nfour",
    "nums": [3, 1, 2, -5, 2],
    "mixed": [1, "a", None, True, 2.5, [1], {"k": "v"}],
    "empty_list": [], "empty_dict": {}, "nul": None, "yes": True, "big": 9007199254740993, "fl": 3.14159, "neg": -7,
}

# One expression each; what is not defined is undefined on purpose.
EXPRESSIONS = r'''
1 + 2 * 3
(1 + 2) * 3
-2 ** 2
2 ** 3 ** 2
2 ** -1
7 // 2
-7 // 2
7 // -2
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
7.5 % -2
1 / 3
4 / 2
1e3
1e16
1e15
123456789012345680.0
1.5e-5
0.0001
0.00001
1e100
-0.0
5e-324
1_000
0x1F
0o17
0b101
1.0
100.0
1 / 0
1 // 0
1 % 0
1.0 / 0
2 ** 62
2 ** 0.5
0 ** 0
(-1) ** 3
0 ** -1
true + 1
true and 'x'
false or none
not true
not not 1
1 == 1.0
1 == true
'1' == 1
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1 == 1
(1 < 2) == true
1 == 1 in [1]
true < false < {'k': (1 != 2)}
1 == 1 in [(1 == 1)]
'a' ~ ('b' ~ 'c') ~ 'd'
1 < (2 > 1) < (3 == 3)
[1] | truncate(3)
'a' < 'b'
'a' < 1
none < 1
[1, 2] < [1, 3]
[1, 2] == [1, 2]
(1, 2) == [1, 2]
{'a': 1} == {'a': 1}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
'a' in 'abc'
'' in 'abc'
1 in 'abc'
1 in [1, 2]
1 not in [1, 2]
not 1 in [2]
'a' in {'a': 1}
[1] in {'a': 1}
3 in range(5)
5 in range(5)
4 in range(0, 10, 3)
1 if true else 2
1 if false else 2
1 if false
'x' ~ (1 if false)
1 if true else 2 if true else 3
'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1, 'x']
'a' ~ 'b' + 'c'
1 ~ 2 + 3
1 + 2 ~ 3
'a' + 1
'a' * 3
3 * 'a'
'a' * -1
[1] * 2
[1] + [2]
(1,) + (2, 3)
[1] + (2,)
'a' 'b' "c"
'it\'s' ~ "q\"q"
'\x41\u00e9\U0001F600\101\n\t\\\q'
'tab\there'
[]
()
{}
(1,)
(1, 2)
1, 2
[1, 'two', 3.0, none, true, {'k': [1]}]
{'a': 1, 2: 'b', none: none, (1, 2): 3}
{'a': 1, 'a': 2}
{1: 'a', true: 'b', 1.0: 'c'}
{[1]: 2}
['a\'b', "a\"b", 'a\nb\\', 'é\x00\x7f\u200b']
missing
missing.x
missing['x']
missing ~ 'x'
missing + 1
missing == missing2
missing == none
missing is defined
missing.x is defined
missing | default('d')
missing | d
none | default('d')
none | default('d', true)
'' | default('d', true)
'' | default('d')
[missing]
missing | length
missing | list
missing | upper
missing | int
missing | float
missing | first
missing | join(',')
missing | tojson
missing in [1]
1 in missing
'a' in missing
missing in 'abc'
missing < 1
-missing
not missing
missing()
missing | trim
missing | string
missing | sort
missing | map('upper') | list
dd.a
dd['a']
dd.items
dd['items']
dd.get('a')
dd.get('zz')
dd.get('zz', 5)
dd.get('nested').z
dd.nested.x
dd.nested.x.y
dd.zz
dd.zz.y
dd['zz']
dd[1]
dd[[1]]
dd.items() | list
dd.keys()
dd.values()
dd.items()
dd.keys() | list
dd | length
dd
dd | list
dd | dictsort
dd.nested | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort(true)
{'b': 1, 'A': 2, 'c': 0} | dictsort(false, 'value')
{'b': 1, 'A': 2, 'c': 0} | dictsort(by='value', reverse=true)
{'b': 1} | dictsort(by='zz')
dd | items | list
dd | tojson
dd | tojson(indent=2)
dd | tojson(indent=0)
dd | tojson(indent='--')
dd | tojson(sort_keys=true)
dd | tojson(separators=(',', ':'))
dd | tojson(separators=[',', ':'], indent=1)
{'b': 1, 'a': {'d': [], 'c': {}}} | tojson(indent=4, sort_keys=true)
{1: 2, none: 3, true: 4, 1.5: 5} | tojson
{(1, 2): 3} | tojson
uni | tojson
uni | tojson(ensure_ascii=true)
'\x00\x1f\x7f"\\/\b\f' | tojson
[1.0, 1e20, 1e-7, none, true] | tojson
(1, 2) | tojson
range(3) | tojson
'x' | tojson(indent=2)
[] | tojson(indent=2)
dd.pop('a')
dd.update({'x': 1})
dd.clear
dd.setdefault('a', 1)
nums.append(1)
nums.sort()
nums.pop()
nums.copy()
dd.copy()
nums.index(2)
nums.index(99)
nums.count(2)
(1, 2, 1).count(1)
(1, 2, 1).index(2)
nums[0]
nums[-1]
nums[99]
nums[-99]
nums['0']
nums['x']
nums.0
nums.1
nums[1:3]
nums[::-1]
nums[::2]
nums[-2:]
nums[:-2]
nums[3:1]
nums[10:]
nums[::0]
nums[4:0:-2]
nums[true]
nums[1.0]
nums[none:2]
nums['a':2]
text[0]
text[-1]
text[4:9]
text[::-1]
text[100]
text[100:]
text['x']
uni[2]
uni[-1]
uni[3:9]
uni[::-1]
uni | length
uni | upper
uni | lower
uni | capitalize
uni | title
uni.title()
uni.swapcase()
uni.casefold()
uni.capitalize()
uni | list
uni | reverse
uni | center(40) ~ '|'
'ΑΣ'.lower() ~ 'Σ'.lower() ~ 'ΑΣΑ'.lower()
'ǆ'.title() ~ 'ǆ'.capitalize() ~ 'ǆ'.upper()
'ﬁn'.upper() ~ 'ﬁn'.title()
{'x': 1}.x
{'x': {'y': 2}}.x.y
'abc'.upper()
'abc'.foo
'abc'.foo()
'abc'.__class__
'abc'.__class__.__mro__
'abc'['__class__']
dd.__class__
dd['__class__']
msgs.__len__
(1).__class__
'abc' | attr('upper')
'abc' | attr('__class__')
dd | attr('a')
dd | attr('get')
'  x '.strip() ~ '|' ~ '  x '.lstrip() ~ '|' ~ '  x '.rstrip() ~ '|'
'xxaxx'.strip('x')
'xyaxy'.strip('yx')
'xxaxx'.strip(none)
'xxaxx'.strip(1)
'\u00a0 a \u3000'.strip()
' a '.strip('')
'a,b,,c'.split(',')
'a b  c '.split()
' a b  c '.split(none, 1)
' a b  c '.rsplit(none, 1)
' a b  c '.split(' ')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
'a,b,c'.split(',', maxsplit=1)
'a,b,c'.split(sep=',')
'a,b,c'.split('')
''.split()
''.split(',')
' '.split()
'abc'.split('b', 0)
' a b '.split(none, 0)
' a b '.rsplit(none, 0)
' a b c '.rsplit(none, 2)
lines.splitlines()
lines.splitlines(true)
'a\x0bb\u2028c\x85d'.splitlines()
''.splitlines()
'a\n'.splitlines()
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'abc'.partition('-')
'abc'.rpartition('-')
'a'.join(['x', 'y', 'z'])
', '.join([])
', '.join([1])
','.join('abc')
','.join(dd)
'abc'.replace('b', 'X')
'aaa'.replace('a', 'b', 2)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
''.replace('', 'x')
'日本'.replace('', '-')
'aaa'.replace('a', 1)
'abcabc'.find('c') ~ 'abcabc'.find('c', 3) ~ 'abcabc'.find('x') ~ 'abcabc'.rfind('c') ~ 'abcabc'.find('c', 0, 2)
'日本語'.find('語')
'abc'.find('', 3) ~ 'abc'.find('', 4) ~ 'abc'.rfind('')
'abcabc'.index('b') ~ 'abcabc'.rindex('b')
'abcabc'.index('z')
'abcabc'.count('bc') ~ 'aaa'.count('aa') ~ 'abc'.count('') ~ 'abc'.count('a', 1)
'abc'.startswith('ab') ~ 'abc'.startswith('bc', 1) ~ 'abc'.startswith(('x', 'a')) ~ 'abc'.startswith('') ~ 'abc'.startswith('', 5)
'abc'.endswith('bc') ~ 'abc'.endswith(('x', 'c')) ~ 'abc'.endswith('ab', 0, 2)
'abc'.startswith(1)
'abc'.startswith(['a'])
'prefix-x'.removeprefix('prefix-') ~ 'x.txt'.removesuffix('.txt') ~ 'abc'.removeprefix('x')
'x'.center(5) ~ '|' ~ 'x'.center(4) ~ '|' ~ 'xy'.center(5, '*') ~ '|' ~ 'x'.ljust(3) ~ '|' ~ 'x'.rjust(3, '-') ~ '|'
'xy'.center(5) ~ '|' ~ 'xyz'.center(6, '-') ~ 'xyz'.center(2)
'42'.zfill(5) ~ '-42'.zfill(5) ~ '+1'.zfill(4) ~ 'abc'.zfill(2)
'a\tb\tc'.expandtabs() ~ 'a\tb'.expandtabs(4)
'hello world'.title() ~ "they're bill's".title() ~ 'hELLO'.capitalize() ~ 'aB'.swapcase()
'hello wORLD foo-bar (baz) [q]' | title
"they're bill's" | title
'abc'.isalpha() ~ 'ab1'.isalnum() ~ '12'.isdigit() ~ ''.isalpha() ~ '½'.isnumeric() ~ '²'.isdigit() ~ '²'.isdecimal()
'ABC'.isupper() ~ 'abc'.islower() ~ 'A1'.isupper() ~ '1'.isupper() ~ ' '.isspace() ~ 'Ab Cd'.istitle() ~ 'a_1'.isidentifier() ~ '1a'.isidentifier() ~ 'abc'.isascii() ~ 'a\n'.isprintable()
'{} {}'.format(1, 'x')
'{0} {1} {0}'.format('a', 'b')
'{x} {y.a} {y[a]}'.format(x=1, y={'a': 2})
'{0[1]} {0[0]}'.format([1, 2])
'{:>5}|{:<5}|{:^5}|{:*^7}|'.format('a', 'b', 'c', 'd')
'{:05d} {:+d} {:x} {:#x} {:b} {:o} {:,}'.format(42, 42, 255, 255, 5, 8, 1234567)
'{:.2f} {:e} {:g} {:%} {:10.3f}|'.format(3.14159, 12345.678, 0.00001, 0.25, 2.5)
'{:.3} {:.3} {}'.format(3.14159, 'abcdef', 1.0)
'{!r} {!s}'.format('a', 'b')
'{{}} {}'.format(1)
'{:{}}|'.format('a', 5)
'{} {0}'.format(1)
'{'.format(1)
'}'.format(1)
'{}'.format()
'{a}'.format(b=1)
'{0.__class__}'.format('x')
'{:d}'.format('x')
'{:>6}|{:6}|{}'.format(true, 3, none)
'{:5}'.format(none)
'{a} {b}'.format_map({'a': 1, 'b': 2})
'{:.0f} {:.0f} {:.0f}'.format(0.5, 1.5, 2.5)
'{:,.2f} {:_}'.format(1234567.891, 1234567)
'{:08.2f}|{:+.1f}|{: d}'.format(-3.14159, 2.0, 5)
'{:=+8d}|{:0>5}|{:X}'.format(42, 7, 255)
'{:c}'.format(65)
'%s %d %.2f %5s|%-5s|%05d %x %o %e %g %%' % ('a', 42, 3.14159, 'b', 'c', 7, 255, 8, 12345.678, 0.0001)
'%s' % 'x'
'%s' % [1, 2]
'%s %s' % (1, 2)
'%s %s' % (1,)
'%s' % (1, 2)
'%(a)s %(b)d' % {'a': 1, 'b': 2}
'%(a)s' % {'b': 1}
'%d' % 3.99
'%d' % 'x'
'%s' % missing
'%d' % missing
'%r' % 'x'
'%5.1f|%+d|% d|%#x|%#o' % (3.14159, 5, 5, 255, 8)
'%c%c' % ('a', 66)
'%.3s|%*d' % ('abcdef', 5, 42)
'%.3d|%8.3d|%-8d|' % (5, 5, 5)
'%s' % none
'x' % 1
'x' % []
'%'  % 1
'%y' % 1
'%s and %s' | format('a', 'b')
'%(x)s' | format(x=1)
'%s' | format
'%G %E %F' % (1e-10, 1.5, 1.5)
-3 | abs
-3.5 | abs
'x' | abs
true | abs
3.7 | int
'42' | int
'42.9' | int
'x' | int
'x' | int(5)
'0x1A' | int(base=16)
'1A' | int(0, 16)
'101' | int(base=2)
' 42 ' | int
'1_000' | int
none | int
[1] | int
true | int
'' | int
'-5' | int
'1e3' | int
'inf' | int
'nan' | int
'3.14' | float
'x' | float
'x' | float(1.5)
none | float
' 1e5 ' | float
'inf' | float
'-Infinity' | float
'nan' | float
true | float
2.5 | round
3.5 | round
-2.5 | round
2.675 | round(2)
1234.5678 | round(-2)
42 | round
42 | round(1)
1234 | round(-2)
1250 | round(-2)
42.55 | round(1, 'floor')
42.45 | round(1, 'ceil')
42.5 | round(method='ceil')
42.5 | round(0, 'zz')
0.5 | round | int
1e300 | round(2)
nums | sort
nums | sort(reverse=true)
nums | sort | first
['b', 'A', 'c'] | sort
['b', 'A', 'c'] | sort(case_sensitive=true)
['b', 'A', 'a', 'B'] | sort
people | sort(attribute='name') | map(attribute='name') | join(',')
people | sort(attribute='age,name') | map(attribute='name') | join(',')
people | sort(attribute='age', reverse=true) | map(attribute='name') | join(',')
mixed | sort
[none, none] | sort
[1, 2.5, true] | sort
[[2, 1], [1, 2], [1]] | sort
nums | min
nums | max
[] | min
[] | max
['b', 'A'] | min
people | max(attribute='age')
people | min(attribute='name')
['a', 1] | min
nums | sum
[1.5, 2] | sum
people | sum(attribute='age')
[[1], [2]] | sum(start=[])
nums | sum(start=10)
['a'] | sum
nums | unique | list
['a', 'A', 'b'] | unique | list
['a', 'A', 'b'] | unique(case_sensitive=true) | list
people | unique(attribute='city') | map(attribute='city') | list
people | unique(attribute='age') | list | length
[1, 1.0, true, '1'] | unique | list
[[1]] | unique | list
people | groupby('age')
people | groupby('city') | map(attribute='grouper') | list
people | groupby('city', case_sensitive=true) | map('first') | list
people | groupby('zz', default='none') | list | length
people | groupby('zz')
(people | groupby('age') | first).list | length
[1, 2, 3, 4, 5] | batch(2) | list
[1, 2, 3, 4, 5] | batch(2, 'x') | list
[1, 2, 3, 4, 5] | slice(2) | list
[1, 2, 3, 4, 5] | slice(3, 'x') | list
[1, 2, 3, 4, 5] | slice(7) | list
[1] | slice(0) | list
[] | batch(2) | list
nums | first
nums | last
[] | first
[] | last
'abc' | first
'abc' | last
dd | first
dd | last
5 | first
nums | map('string') | last
nums | reverse | list
'abc' | reverse
dd | reverse | list
range(5) | reverse | list
nums | map('abs') | list
['a', 'b'] | map('upper') | join
['a', 'b'] | map('nofilter') | list
[] | map('nofilter') | list
['a b', 'c'] | map('replace', ' ', '_') | list
people | map(attribute='name') | list
people | map(attribute='zz') | list
people | map(attribute='zz', default='-') | list
people | map(attribute='zz.q') | list
dd | map('upper') | list
[[1, 2], [3]] | map('length') | list
[[1, 2], [3]] | map(attribute=0) | list
[{'a': [5, 6]}] | map(attribute='a.1') | list
[1, 2] | map | list
nums | select('odd') | list
nums | select('greaterthan', 1) | list
nums | reject('odd') | list
mixed | select | list
mixed | reject | list
mixed | select('string') | list
mixed | select('none') | list
nums | select('nosuch') | list
people | selectattr('age', 'equalto', 30) | map(attribute='name') | list
people | rejectattr('age', 'eq', 30) | map(attribute='name') | list
people | selectattr('age', '>', 26) | list | length
people | selectattr('zz') | list
people | selectattr('zz', 'defined') | list
people | rejectattr('zz', 'defined') | list | length
people | selectattr('name', 'in', ['bob', 'carol']) | map(attribute='name') | join('+')
people | selectattr | list
msgs | selectattr('role', 'equalto', 'user') | list | length
nums | select('odd') | length
(nums | select('odd')) is iterable
'yes' if (nums | select('gt', 100)) else 'no'
nums | join
nums | join(', ')
nums | join(1)
people | join(', ', attribute='name')
5 | join
mixed | join('|')
dd | join(',')
'abc' | join('-')
nums | length
5 | length
text | wordcount
'a-b c_d e' | wordcount
text | truncate(15)
text | truncate(15, true)
text | truncate(15, false, '…', 0)
text | truncate(43)
text | truncate(39)
text | truncate(2)
'short' | truncate(3, true, '', 0)
text | upper | lower | capitalize
'  pad ' | trim ~ '|'
'xxpadxx' | trim('x')
5 | trim
none | upper
5 | upper
true | lower
text | replace('o', '0')
text | replace('o', '0', 2)
text | replace(' ', '')
5 | replace(5, 6)
none | replace('None', 'x')
text | center(60) ~ '|'
'x' | center(5) ~ '|'
lines | indent
lines | indent(2)
lines | indent(2, true)
lines | indent(2, first=true, blank=true)
lines | indent('> ')
'' | indent ~ '|'
'a\n' | indent(2) ~ '|'
'a\n\nb' | indent(width=2, blank=true)
5 | indent
'<a href="x">&\'</a>' | e
'<a href="x">&\'</a>' | escape | escape
'<' | forceescape
('<' | e) + '<'
('<' | e) ~ '<'
('<b>' | safe) + '<i>'
'<i>' + ('<b>' | safe)
('<b>' | safe) | e
'<b>' | safe | upper
('<b>' | safe) is escaped
'<b>' is escaped
5 | e
none | e
('a' | safe)
[('a' | safe)]
'<b>x</b> <!-- c --> &amp; y  z' | striptags
'a b&c/d?e=ü' | urlencode
{'a b': 'c&d', 'e': 1} | urlencode
[('x', 'y/z')] | urlencode
1000 | filesizeformat
1 | filesizeformat
999 | filesizeformat
1500000 | filesizeformat
1024 | filesizeformat(true)
123456789012 | filesizeformat(binary=true)
'1000' | filesizeformat
5 | string
[1] | string | length
'abc' | list
5 | list
none | list
'abc' | nosuchfilter
'abc' is nosuchtest
'x' if 'a' is nosuchtest else 'y'
1 if true else ('x' | nosuchfilter)
('x' | nosuchfilter) if true else 1
1 is odd
2 is even
-3 is odd
1.5 is odd
'x' is odd
6 is divisibleby 3
6 is divisibleby(4)
6 is divisibleby 0
1 is number and true is number and 1.5 is number and not 'x' is number
true is boolean and 1 is not boolean
true is true and 1 is not true
false is false
1 is integer and true is not integer
1.0 is float and 1 is not float
'x' is string
none is none and missing is not none
dd is mapping and nums is not mapping
nums is sequence and 'x' is sequence and dd is sequence and 5 is not sequence
dd is iterable and 5 is not iterable and missing is iterable
range(3) is sequence
dd.items() is sequence
dd.items is callable and dd is not callable
range is callable and missing is callable
'abc' is lower and 'ABC' is upper and 'aB' is not lower
5 is lower
1 is sameas 1
true is sameas true and 1 is not sameas true
none is sameas none
1 is eq 1
1 is == 1
1 is ne 2
2 is gt 1
2 is ge 2
1 is lt 2
1 is le 1
'a' is in 'abc'
1 is in [1, 2]
1 is in([1, 2])
'upper' is filter and 'zz' is not filter
'odd' is test and 'zz' is not test
1 is defined is defined
1 is not defined
not 1 is defined
missing is not defined or missing.x
1 is eq 1 and 2 is eq 2
'x' is string ~ 'y'
5 is divisibleby 5 if true else 2
range(5) | list
range(2, 5) | list
range(0, 10, 3) | list
range(5, 0, -2) | list
range(0)
range(5)
range(1, 10, 2)
range(5)[1:3]
range(5)[-1]
range(5)[9]
range(10)[::3] | list
range(5) | length
range(100001) | length
range(100000) | length
range('a')
range(1.0)
range(1, 2, 0)
range()
range(5) == range(0, 5)
range(5).index(2) ~ range(0, 9, 3).count(6)
range(5).index(9)
'x' % missing
namespace(a=1).a
namespace(a=1)
namespace({'a': 1}, b=2).a
namespace(a=1).b
namespace(a=1)['a']
dict(a=1, b=2)
dict({'a': 1}, b=2)
dict([('a', 1)])
dict([1])
dict()
cycler(1, 2).next()
cycler()
joiner(', ')()
strftime_now('%Y-%m-%d %H:%M:%S')
strftime_now('%d %b %Y')
strftime_now('%A %B %j %y %I %p %%')
strftime_now('')
raise_exception('boom')
'a'.upper
none.x
5.x
5.5.x
1.is_integer
(1.5).is_integer()
none[0]
5[0]
none()
5()
'abc'()
text.upper(1)
text.split(nosuch=1)
text | upper(1)
nums | join(nosuch=1)
[1, 2, 3][1]
[[1, 2], [3]][0][1]
'abc'[1:][0]
{'a': [1, 2]}['a'][0]
{'a': [1, 2]}.a.0
(1, 2)[0]
[1, 2,]
{'a': 1,}
[1 2]
{'a' 1}
(1
1)
[1
1 +
+ 1
- - 1
1 ++ 2
1 if
if
and
1 and
not
1 in
1 not 2
a b
a.
a.1.5
a..b
a[
a[]
nums[]
nums[1, 2]
dd[1, 2]
|upper
'a' |
'a' | 1
'a' | upper |
f(x=1, 2)
f(*[1], 2)
range(*[1, 3]) | list
range(*[1], *[3])
dict(**{'a': 1})
dict(**{'a': 1}, b=2)
dict(a=1, a=2)
'unclosed
"unclosed
'\u12'
'\xZZ'
$
1 ! 2
a ? b
a && b
a := 1
{{}}
1; 2
07
1__0
1_
0x
0b2
1e
1.e5
.5
1..2
true.x
True == true
None == none
TRUE
Null
loop
loop.index
caller
big
big + 1
big / 1
big * 2
9223372036854775807
-9223372036854775807
9223372036854775807 // 2
big == 9007199254740992.0
big > 9007199254740992.0
1e308 * 10
fl | string
fl * 100 | round
neg // 2 ~ neg % 3 ~ neg / 2
yes + yes
'%s' % yes
nul ~ ''
nul == none
empty_list or 'e'
empty_dict and 1
not empty_list
empty_list == []
mixed
mixed[5][0]
mixed[6].k
mixed | string
mixed | tojson
text.__len__()
text|length > 5 and text[0] == 'T' or missing.x
'a' ~ 'b' is string
1 + 1 is eq 2
2 * 3 is eq 6
-1 | abs
- 1 | abs
(-1) | abs
-nums[0]
-'x'
+'x'
+true
-true
1 - -1
1 -1
[1,2]|first
'a'|upper~'b'|upper
'a' + 'b'|upper
1 + 2|string
not 'a' == 'b'
not 'a' in 'abc'
'a' not in 'abc'
'a' == 'a' == 'a'
1 < 2 and 2 < 3
1 < 2 == true
dd.a + dd['b'] * 2
dd.C[0] + dd.C[-1]
dd.C | first + 1
people[0].name ~ people[-1]['name']
people[0].name.upper()[0]
people | length * 2
(people | length) * 2
people[:2] | map(attribute='name') | list
text.split()[1] | upper
text.split(' ') | map('length') | sum
text.split(' ') | map('first') | join
text.split(' ') | select('in', ['quick', 'fox']) | list
[1, [2, [3]]] | tojson
[[]] == [[]]
(1, 2) < (1, 3)
('a', 1) in [('a', 1)]
{'a': 1}.items() | list
{'a': 1}.keys() == {'a': 2}.keys()
'a' in {'a': 1}.keys()
1 in {'a': 1}.values()
('a', 1) in {'a': 1}.items()
{'a': 1}.items() | first
{'a': 1}.items() | length
{'a': 1}.items()[0]
[3, 1] | sort ~ ''
((1))
((1), (2))
[(1, 2)]
''
'' ~ ''
'\n'
'a\
b'
'''.strip("\n").split("\n")
EXPRESSIONS = [e for e in EXPRESSIONS if e != "'a\\" and e != "b'"] + ["'a\\\nb'", "'two\nlines'", "'cr\r\nlf'", "1 +\n  2", "{'a':\n 1}", "'{{'", "'%}'", "'}}'", "{'a': {'b': {}}}"]

WHOLE = [
    # white space control
    "a {{- 1 }} b", "a {{ 1 -}} b", "a  {{- 1 -}}  b", "a\n{% if true %}\nb\n{% endif %}\nc", "a\n  {% if true %}  \nb\n  {% endif %}\nc", "a\n  {%+ if true %}\nb\n{% endif +%}\nc",
    "a\n\n{%- if true -%}\n\nb\n{%- endif %}\n\nc", "  {% if true %}x{% endif %}  ", "x  {% if true %}y{% endif %}", "{% if true %}\n\nx\n{% endif %}\n\n", "a\n", "a\n\n", "\n", "", "\r\na\r\nb\r", "a\rb",
    "{# c #}x", "a {#- c -#} b", "a\n  {# c #}\nb", "a\n  {#+ c +#}\nb", "{# {{ x }} {% y %} #}z", "{# a\nb #}c", "{#-#}x", "{##}x", "{# unclosed", "{#- a -#}\n\n b",
    "{% raw %}{{ x }}{% endraw %}", "{% raw -%}  {{ x }} {%- endraw %}  y", "{%- raw %}\n{% if %}\n{%- endraw -%}\n z", "a\n  {% raw %}\n b\n  {% endraw %}\nc", "{% raw %}unclosed", "{% raw %}{% endraw x %}", "{%raw%}a{%endraw%}", "{% raw %}\na{% endraw %}\nb",
    "{{ 1 }}\n{{ 2 }}\n", "{{ 1 -}}\n\n{{- 2 }}", "  {{ 1 }}  ", "\t{% set x = 1 %}\t\n{{ x }}", "a{% set x = 1 -%}   b", "{{ '{{' }}{{ '}}' }}{{ '%}' }}", "{ {x} } {", "{", "{a}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{{ {} }}}", "{%- set x = 1 -%}\n {{- x -}} \n",
    "a\u00a0{%- if true %} b{% endif %}", "a\u00a0\n\u00a0{% if true %}b{% endif %}", "x\n\t {%- set y = 1 %}\n z", "{% if true -%} a {%- else -%} b {%- endif %}", "   \n   {% if true %}a{% endif %}", "{{ 1 +}}", "{{+ 1 }}", "{%+ set x = 1 +%}\ny", "{{ '' -}} \n x",
    "1{% if true %}\r\n2{% endif %}\r\n3", "{% set s = 'a\r\nb' %}{{ s|length }}", "{{ 1 }}{# c #}\n{{ 2 }}", "{# c #}\n\nx", "{# c -#}\n\nx", "text {# c #} \n more",
    # if
    "{% if 1 %}a{% elif 2 %}b{% else %}c{% endif %}", "{% if 0 %}a{% elif 2 %}b{% else %}c{% endif %}", "{% if 0 %}a{% elif 0 %}b{% else %}c{% endif %}", "{% if missing %}a{% endif %}b", "{% if x %}", "{% endif %}", "{% if %}a{% endif %}", "{% if 1 %}a{% else %}b{% else %}c{% endif %}", "{% if 1: %}a{% endif %}", "{% if 1, 2 %}t{% endif %}", "{% if () %}t{% endif %}", "{% if 1 if 0 else 2 %}x{% endif %}", "{% if (1 if 0 else 2) %}x{% endif %}", "{% elif %}", "{% if 1 %}{% for x in [1] %}{% endif %}{% endfor %}",
    "{% if true %}{{ 'x'|nofilter }}{% endif %}", "{% if false %}{{ 'x'|nofilter }}{% endif %}ok", "{% if false %}{% for x in [1] %}{{ x|nofilter }}{% endfor %}{% endif %}ok", "{% if false %}{{ 1 is notest }}{% endif %}ok", "{% for x in [] %}{{ x|nofilter }}{% endfor %}", "{% if false %}{% set x %}{{ 1|nofilter }}{% endset %}{% endif %}ok", "{% if false %}{% macro m() %}{{ 1|nofilter }}{% endmacro %}{% endif %}ok", "{{ 1 if true else 2|nofilter }}",
    # for
    "{% for x in nums %}{{ x }},{% endfor %}", "{% for x in [] %}a{% else %}b{% endfor %}", "{% for x in nums if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}", "{% for x in nums if x > 100 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}", "{% for x in nums %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", "{% for x in nums %}{{ loop.previtem is defined }}{% endfor %}",
    "{% for x in nums %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }}{% endfor %}", "{% for x in nums %}{{ loop.nosuch }}{% endfor %}", "{% for x in nums %}{{ loop.nosuch.y }}{% endfor %}", "{% for x in nums %}{{ loop.cycle() }}{% endfor %}", "{% for x in nums %}{{ loop }}{% break %}{% endfor %}",
    "{% for k, v in dd.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in dd %}{{ k }}{% endfor %}", "{% for k, v in dd %}{{ k }}{% endfor %}", "{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }} {% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, in [[1], [2]] %}{{ a }}{% endfor %}", "{% for x in 'abc' %}{{ x }}-{% endfor %}", "{% for x in '日本' %}{{ x }}-{{ loop.index }}{% endfor %}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for x in missing %}a{% else %}e{% endfor %}", "{% for x in range(3) %}{{ x }}{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}", "{% for x in [1,2] if true else [3] %}{{ x }}{% endfor %}", "{% for x in ([1,2] if false else [3]) %}{{ x }}{% endfor %}",
    "{% for x in nums %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in nums %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% else %}e{% endfor %}", "{% for x in [1,2] %}{% for y in [1,2,3] %}{% if y == 2 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}", "{% break %}", "{% for x in [1] %}{% else %}{% break %}{% endfor %}", "{% for x in nums %}{% set y %}a{% if x == 1 %}{% break %}{% endif %}{% endset %}{{ y }}{% endfor %}", "{% for x in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", "{% for x in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% for x in [1,2] %}{% for y in [3,4] %}{{ loop.index }}{{ x }}{{ y }} {% endfor %}{{ loop.index }}{% endfor %}", "{% for x in nums %}{% set t = x %}{{ t }}{% endfor %}{{ t }}", "{% set t = 0 %}{% for x in nums %}{% set t = t + x %}{{ t }} {% endfor %}{{ t }}", "{% set x = 'o' %}{% for x in [1] %}{{ x }}{% endfor %}{{ x }}", "{% for x in nums %}{% endfor %}{{ x is defined }}", "{{ loop is defined }}{% for x in [1] %}{{ loop is defined }}{% endfor %}", "{% for x in [1,2,3] %}{% if loop.last %}{{ x }}{% endif %}{% endfor %}",
    "{% for n in tree recursive %}{{ n.v }}{{ loop.depth }}{% if n.c %}({{ loop(n.c) }}){% endif %}{% endfor %}", "{% for n in tree %}{{ loop(n.c) }}{% endfor %}", "{% for n in tree recursive %}{{ n.v }}{% if loop.depth < 2 %}{{ loop(n.c) }}{% endif %}{% else %}-{% endfor %}",
    "{% for x in nums|select('odd') %}{{ loop.index }}{{ loop.last }}{{ x }}{% endfor %}", "{% for x in nums|select('odd') %}{{ loop.length }}{% endfor %}", "{% set g = nums|select('odd') %}{{ g|list }}{{ g|list }}", "{% set g = nums|map('abs') %}{{ g|first }}{{ g|list }}", "{% for x in y %}", "{% for in y %}{% endfor %}", "{% for x y %}{% endfor %}", "{% for x.y in z %}{% endfor %}", "{% for 1 in z %}{% endfor %}", "{% for true in z %}{% endfor %}", "{% for x in [1] %}{% endfor x %}", "{% endfor %}", "{% for x in x %}{% endfor %}ok", "{% for x in [[1,2],[3]] %}{% for x in x %}{{ x }}{% endfor %}{% endfor %}",
    "{% for m in msgs %}{{ m.role }}: {{ m['content'] | trim }}{% if not loop.last %} | {% endif %}{% endfor %}", "{% for m in msgs[1:] %}{{ loop.index0 }}{{ m.role }}{% endfor %}", "{% for m in msgs | selectattr('role', 'equalto', 'user') %}{{ m.content }};{% endfor %}", "{% for m in msgs[::-1] %}{% if m.role == 'user' %}{{ m.content }}{% break %}{% endif %}{% endfor %}", "{% for c in 'a,b'.split(',') %}{{ c }}{% endfor %}",
    # set, scopes, namespaces
    "{% set x = 1 %}{{ x }}", "{% set x, y = 1, 2 %}{{ x }}{{ y }}", "{% set x, y = [1] %}{{ x }}", "{% set (x, y) = (1, 2) %}{{ y }}", "{% set x %}a{{ 1 }}b{% endset %}{{ x }}|{{ x|length }}", "{% set x | upper %}abc{% endset %}{{ x }}", "{% set x | replace('a', 'b') | upper %}aaa{% endset %}{{ x }}", "{% set x %}{% set y = 5 %}{{ y }}{% endset %}{{ x }}{{ y }}", "{% set x = %}", "{% set 1 = 2 %}", "{% set x = 1, 2 %}{{ x }}", "{% set none = 1 %}", "{% set x.y = 1 %}", "{% set x = {} %}{% set x.y = 1 %}", "{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{% set ns.b = 3 %}{{ ns.a }}{{ ns.b }}{{ ns.c }}", "{% set ns = namespace() %}{% for x in nums %}{% set ns.t = (ns.t or 0) + x %}{% endfor %}{{ ns.t }}", "{% set ns = namespace(s='') %}{% for x in nums %}{% set ns.s = ns.s ~ x %}{% endfor %}{{ ns.s }}", "{% set ns = namespace(l=[]) %}{% for x in nums %}{% set ns.l = ns.l + [x] %}{% endfor %}{{ ns.l }}", "{% set ns = namespace(a=1) %}{% set ns['a'] = 2 %}", "{% set ns.x = 1 %}", "{% set a.b.c = 1 %}", "{% set ns = namespace() %}{% set ns.x %}body{% endset %}{{ ns.x }}", "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}",
    "{% if true %}{% set x = 1 %}{% endif %}{{ x }}", "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}", "{% with x = 1 %}{{ x }}{% endwith %}{{ x }}", "{% with x = 1, y = 2 %}{{ x + y }}{% endwith %}", "{% set x = 1 %}{% with x = 2, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}", "{% with %}{% set x = 1 %}{{ x }}{% endwith %}{{ x }}", "{% with x %}{% endwith %}", "{% set yes = false %}{{ yes }}", "{% set range = 5 %}{{ range }}", "{{ x }}{% set x = 1 %}{{ x }}",
    # macros
    "{% macro m(a, b=2) %}{{ a }}-{{ b }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=4, a=0) }}{{ m() }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% macro m(a) %}{{ a }}{{ varargs|length }}{% endmacro %}{{ m(1, 2, 3) }}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(5) }}", "{% macro m() %}x{% endmacro %}{{ m }}", "{% macro m() %}  x  {% endmacro %}[{{ m() }}]", "{% macro m() -%}  x  {%- endmacro %}[{{ m() }}]", "{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(5) }}", "{% set y = 1 %}{% macro m() %}{{ y }}{% endmacro %}{% set y = 2 %}{{ m() }}", "{% macro m() %}{% set y = 5 %}{{ y }}{% endmacro %}{{ m() }}{{ y }}", "{% macro m(x) %}{{ x is defined }}{% endmacro %}{{ m() }}", "{% macro m(x) %}{{ x.y }}{% endmacro %}{{ m() }}", "{{ m() }}{% macro m() %}x{% endmacro %}", "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ a + b }}{% endcall %}", "{% macro m() %}x{% endmacro %}{% call m() %}body{% endcall %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}", "{% call 5 %}{% endcall %}", "{% set x = 'o' %}{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ x }}{% endcall %}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(a=1) ~ m(2) | upper }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ [1, 2] | map('m') | list }}", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}", "{% for x in [1, 2] %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m(a, a2=1, *b) %}{% endmacro %}", "{% macro 1() %}{% endmacro %}", "{% macro m %}{% endmacro %}", "{% macro m() %}", "{% macro m(n) %}{% for x in range(n) %}{{ loop.index }}{% endfor %}{% endmacro %}{% for i in [1, 2] %}{{ m(i) }}{{ loop.index }} {% endfor %}", "{% macro m() %}{{ m.name }}{{ m.arguments }}{% endmacro %}{{ m.name }}", "{% macro m(x='d') %}{{ x }}{% endmacro %}{{ m(none) }}{{ m(missing) }}{{ m('') }}", "{% macro m() %}{{ varargs[0] }}{% endmacro %}{{ m() }}{{ m(7) }}", "{% macro json_to_type(s) %}{% if s.type == 'array' %}list[{{ json_to_type(s['items']) }}]{% else %}{{ s.type }}{% endif %}{% endmacro %}{{ json_to_type({'type': 'array', 'items': {'type': 'array', 'items': {'type': 'int'}}}) }}",
    # filter blocks, blocks, generation, print
    "{% filter upper %}abc{{ 'd' }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aaa{% endfilter %}", "{% filter nofilter %}x{% endfilter %}", "{% filter upper %}{% set x = 1 %}{% endfilter %}{{ x }}", "{% filter %}x{% endfilter %}", "{% block b %}x{% endblock %}", "{% block b %}x{% endblock b %}", "{% set x = 1 %}{% block b %}{{ x }}{% endblock %}", "{% for x in [1] %}{% block b %}{{ x }}{% endblock %}{% endfor %}", "{% for x in [1] %}{% block b scoped %}{{ x }}{% endblock %}{% endfor %}", "{% block b %}{% endblock %}{% block b %}{% endblock %}", "{% generation %}a{{ 1 }}{% endgeneration %}b", "{% for x in [1, 2] %}{% generation %}{{ x }}{{ loop.index }}{% endgeneration %}{% endfor %}", "{% generation %}{% set x = 1 %}{% endgeneration %}{{ x }}", "{% print 1, 2 %}", "{% print 'a' ~ 'b' %}", "{% autoescape false %}{{ '<' }}{% endautoescape %}", "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}", "{% do 1 %}", "{% nosuchtag %}", "{% 5 %}", "{%  %}", "{% if 1 %}a{% endif", "{{ 1", "{{ 1 }", "{% set x = 1 }}", "{{ 1 %}", "{{}}", "{{ }}", "{% generation %}", "{% trans %}{% endtrans %}",
    # things that templates do
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.reset() }}{{ c.current }}", "{% set j = joiner('; ') %}{% for x in nums %}{{ j() }}{{ x }}{% endfor %}", "{% set j = joiner() %}{{ j() }}a{{ j() }}b", "{% set a = [1] %}{{ a.append(2) }}", "{% set d = {} %}{{ d.update({'a': 1}) }}", "{% if a.append is defined %}x{% endif %}", "{% set a = [] %}{% if a.append is defined %}x{% else %}y{% endif %}", "{{ raise_exception('no ' ~ 5) }}", "{% if msgs[0].role != 'system' %}{{ raise_exception('need system') }}{% endif %}", "{% if 'x' in msgs[0] %}a{% else %}b{% endif %}", "{% if msgs[0].tool_calls is defined and msgs[0].tool_calls is not none %}a{% else %}b{% endif %}", "{{ msgs | length }}{{ msgs | map(attribute='role') | join(',') }}", "{{ (msgs | last).content | trim }}", "{{ msgs[-1]['content'].split('\\n')[-1] }}", "{% set ns = namespace(found=false) %}{% for m in msgs %}{% if m.role == 'assistant' %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}", "{{ msgs | tojson }}", "{{ msgs[2] | tojson(indent=4) }}", "{{ msgs[2].content }}", "{{ msgs[2] }}", "{% for m in msgs %}{% set content = m.content if m.content is string else '' %}{{ content | trim }}|{% endfor %}", "{% set loop_messages = msgs %}{% for m in loop_messages %}{% set content = '<|start|>' + m['role'] + '<|end|>\\n\\n' + m['content'] | trim + '<|eot|>' %}{% if loop.index0 == 0 %}{% set content = '<s>' + content %}{% endif %}{{ content }}{% endfor %}", "{{ 'a' if msgs and msgs[0].role == 'user' else 'b' }}", "{%- for m in msgs if m.role == 'user' -%}\n  {{ loop.index }}. {{ m.content }}\n{% endfor -%}\nend", "{{ dict(msgs[0], role='x') }}", "{{ dict(msgs[0].items()) }}", "{% set x = msgs[0] | items | list %}{{ x }}", "{% for k, v in msgs[0] | items %}{{ k }}{{ v }}{% endfor %}", "{% for k, v in msgs[0] | dictsort %}{{ k }}{{ v }}{% endfor %}", "{% for g in people | groupby('age') %}{{ g.grouper }}: {{ g.list | map(attribute='name') | join(',') }};{% endfor %}", "{% for age, group in people | groupby('age') %}{{ age }}{{ group | length }}{% endfor %}", "{{ text | replace('quick', 'slow') | upper | truncate(20) }}", "{{ namespace }}{{ 1 }}" if False else "{{ 1 }}", "{% set a = 'x' %}{% set a = a ~ 'y' %}{{ a }}", "{{ [1, 2, 3][1:] | first }}", "{{ '<|' ~ msgs[0].role ~ '|>' }}", "{%- set q = '\"' -%}{{ q }}", "{{ \"\\\"\" }}{{ '\\'' }}", "{% set x = 1 if true %}{{ x }}", "{% set x = [1, 2] | join('-') if true else 'no' %}{{ x }}", "{{ nums | sort | join(',') if nums else 'none' }}", "a{% if true %}\n  b{% endif %}\nc", "{% set long = 'a' * 100 %}{{ long }}{{ (long ~ long) | length }}{{ (long + 'é' + long)[98:103] }}",
]

# Templates in the style of well-known families; the words are our own.
FAMILIES = {
    "smollm": r"""{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You help.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}""",
    "llama31": r"""{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{#- The system message comes first, whoever wrote it. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\n\n"}}
{%- endif %}
{{- "Today Date: " + date_string + "\n\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("No first user message to put tools into") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\n\n' -}}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One tool call at a time, please") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- if builtin_tools is defined and tool_call.name in builtin_tools %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
            {{- "<|python_tag|>" + tool_call.name + ".call(" }}
            {%- for arg_name, arg_val in tool_call.arguments | items %}
                {{- arg_name + '="' + arg_val + '"' }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- endif %}
            {%- endfor %}
            {{- ")" }}
        {%- else  %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
            {{- '{"name": "' + tool_call.name + '", ' }}
            {{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}
            {{- "}" }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\n\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
""",
    "qwen25": r"""{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a good assistant.' }}
    {%- endif %}
    {{- "\n\n# Tools\n\nFunctions are listed inside of <tools></tools>:\n<tools>" }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n</tools>\n\nAnswer inside of <tool_call></tool_call>:\n<tool_call>\n{\"name\": <name>, \"arguments\": <args>}\n</tool_call><|im_end|>\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nYou are a good assistant.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\n<tool_call>\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' }}
        {{- message.content }}
        {{- '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
""",
    "qwen3": r"""{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system") %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}
                    {{- '\n' }}
                {%- endif %}
                {%- if tool_call.function %}
                    {%- set tool_call = tool_call.function %}
                {%- endif %}
                {{- '<tool_call>\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
                {{- '}\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' + content + '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}""",
    "mistral": r"""{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("Roles must take turns: user, assistant, user ...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
            {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call ids have 9 characters") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles, and a first system message") }}
    {%- endif %}
{%- endfor %}
""",
    "gemma": r"""{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system role here') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must take turns') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "gemma3": r"""{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Roles must take turns") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Wrong type of content") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
""",
    "deepseek": r"""{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['tool_calls'] is defined and message['tool_calls'] is not none %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls']%}{%- if not ns.is_first %}{{'<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + tool['type'] + '<｜tool▁sep｜>' + tool['function']['name'] + '\n' + '```json' + '\n' + tool['function']['arguments'] | tojson + '\n' + '```' + '<｜tool▁call▁end｜>'}}{%- set ns.is_first = true -%}{%- else %}{{'\n' + '<｜tool▁call▁begin｜>' + tool['type']}}{%- endif %}{%- endfor %}{{'<｜tool▁calls▁end｜><｜end▁of▁sentence｜>'}}{%- elif message['role'] == 'assistant' %}{%- if ns.is_tool %}{{'<｜tool▁outputs▁end｜>' + message['content'] + '<｜end▁of▁sentence｜>'}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}{{'<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>' + message['content'] + '<｜tool▁output▁end｜>'}}{%- set ns.is_output_first = false %}{%- else %}{{'\n<｜tool▁output▁begin｜>' + message['content'] + '<｜tool▁output▁end｜>'}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<｜tool▁outputs▁end｜>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜>'}}{% endif %}""",
    "phi": r"""{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'user' %}{{'<|user|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>
' + message['content'] + '<|end|>
'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% else %}{{ eos_token }}{% endif %}""",
    "phi4": r"""{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}""",
    "command_r": r'''{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if basic_type_map[json_spec.type] is defined %}
    {{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
    {{- "List[" +  json_to_python_type(json_spec['items']) + "]"}}
{%- elif json_spec.type == "object" %}
    {{- "Dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']'}}
{%- elif json_spec.type is iterable %}
    {{- "Union[" }}
    {%- for t in json_spec.type %}
      {{- json_to_python_type({"type": t}) }}
      {%- if not loop.last %}
        {{- "," }}
    {%- endif %}
    {%- endfor %}
    {{- "]" }}
{%- else %}
    {{- "Any" }}
{%- endif %}
{%- endmacro %}
{%- macro old_tool_parser(tools) %}
{%- for tool in tools %}
    {%- if loop.index0 != 0 %}
        {{- '\n\n' }}
    {%- endif %}
    {{- '```python\ndef ' + tool.function.name + '(' }}
    {%- for param_name, param_fields in tool.function.parameters.properties|items %}
        {%- if loop.index0 != 0 %}
            {{- ', ' }}
        {%- endif %}
        {{- param_name + ": " }}
        {%- if not param_name in tool.function.parameters.required %}
            {{- 'Optional[' + json_to_python_type(param_fields) + '] = None'}}
        {%- else %}
            {{- json_to_python_type(param_fields) }}
        {%- endif %}
    {%- endfor %}
    {{- ') -> List[Dict]:\n    """'}}
    {{- tool.function.description }}
    {%- if tool.function.parameters.properties|length != 0 %}
        {{- '\n\n    Args:\n        ' }}
        {%- for param_name, param_fields in tool.function.parameters.properties|items %}
            {%- if loop.index0 != 0 %}
                {{- '\n        ' }}
            {%- endif %}
            {{- param_name + ' ('}}
            {%- if not param_name in tool.function.parameters.required %}
                {{- 'Optional[' + json_to_python_type(param_fields) + ']'}}
            {%- else %}
                {{- json_to_python_type(param_fields) }}
            {%- endif %}
            {{- '): ' + param_fields.description }}
        {%- endfor %}
    {%- endif %}
    {{- '\n    """\n    pass\n```' }}
{%- endfor %}
{%- endmacro %}
{{- bos_token }}
{%- if tools %}{{- '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|># Tools\n' }}{{- old_tool_parser(tools) }}{{- '<|END_OF_TURN_TOKEN|>' }}{%- endif %}
{%- for message in messages %}
    {%- set content = message['content'] %}
    {%- if message.role == 'user' %}
        {{- '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}
    {%- elif message.role == 'system' %}
        {{- '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}
    {%- elif message.role == 'assistant' and message.tool_calls is defined %}
        {{- '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}
        {{- '\nAction:\n```json\n[\n' }}
        {%- for tool_call in message.tool_calls %}
            {{- "{\n"|indent(4, first=true) }}
            {{- '"tool_name": "'|indent(8, first=true) + tool_call.function.name + '",\n' }}
            {{- '"parameters": '|indent(8, first=true) }}
            {{- tool_call.function.arguments|tojson(indent=4)|indent(8) }}
            {{- '\n' }}{{- '}'|indent(4, first=true) }}
            {%- if not loop.last %},{%- endif %}
        {%- endfor %}
        {{- "\n]```\n" }}
    {%- elif message.role == 'assistant' %}
        {{- '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}
    {%- elif message.role == 'tool' %}
        {%- if loop.previtem is not defined or loop.previtem.role != 'tool' %}{{- '<results>\n' }}{%- endif %}
        {{- 'Document: ' + (loop.index0|string) + '\n' + content + '\n' }}
        {%- if loop.last or loop.nextitem.role != 'tool' %}{{- '</results>' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{%- endif %}''',
    "hermes": r"""{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {
    "string": "str",
    "number": "float",
    "integer": "int",
    "boolean": "bool"
} %}
{%- if basic_type_map[json_spec.type] is defined %}
    {{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
    {{- "list[" +  json_to_python_type(json_spec|items) + "]"}}
{%- else %}
    {{- "Any" }}
{%- endif %}
{%- endmacro %}
{{- bos_token }}
{{- "<|im_start|>system\nYou call functions. <tools> " }}
{%- for tool in tools %}
    {%- if tool.function is defined %}
        {%- set tool = tool.function %}
    {%- endif %}
    {{- '{"type": "function", "function": ' }}
    {{- '{"name": "' + tool.name + '", ' }}
    {{- '"description": "' + tool.name + '(' }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {{- param_name + ": " + json_to_python_type(param_fields) }}
        {%- if not loop.last %}
            {{- ", " }}
        {%- endif %}
    {%- endfor %}
    {{- ")" }}
    {%- if tool.return is defined %}
        {{- " -> " + json_to_python_type(tool.return) }}
    {%- endif %}
    {{- " - " + tool.description + "\n\n" }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {%- if loop.first %}
            {{- "    Args:\n" }}
        {%- endif %}
        {{- "        " + param_name + "(" + json_to_python_type(param_fields) + "): " + param_fields.description|trim }}
    {%- endfor %}
    {{- '", "parameters": ' }}
    {%- if tool.parameters.properties | length == 0 %}
        {{- "{}" }}
    {%- else %}
        {{- tool.parameters|tojson }}
    {%- endif %}
    {{- "}" }}
    {%- if not loop.last %}
        {{- "\n" }}
    {%- endif %}
{%- endfor %}
{{- " </tools><|im_end|>\n" }}
{%- for message in messages %}
    {%- if message.role == "user" or message.role == "system" or (message.role == "assistant" and message.tool_calls is not defined) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- for tool_call in message.tool_calls %}
            {{- '\n<tool_call>\n' }}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '{' }}
            {{- '"name": "' }}
            {{- tool_call.name }}
            {{- '"' }}
            {{- ', '}}
            {%- if tool_call.arguments is defined %}
                {{- '"arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments|tojson }}
                {%- endif %}
            {%- endif %}
             {{- '}' }}
            {{- '\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.previtem and loop.previtem.role != "tool" %}
            {{- '<|im_start|>tool\n' }}
        {%- endif %}
        {{- '<tool_response>\n' }}
        {{- message.content }}
        {%- if not loop.last %}
            {{- '\n</tool_response>\n' }}
        {%- else %}
            {{- '\n</tool_response>' }}
        {%- endif %}
        {%- if not loop.last and loop.nextitem.role != "tool" %}
            {{- '<|im_end|>' }}
        {%- elif loop.last %}
            {{- '<|im_end|>' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
""",
    "harmony": r"""{%- macro render_type(spec, required, is_nullable=false) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}
            {%- set inner = render_type(spec['items'], required) -%}
            {%- if inner | length > 20 -%}any[]{%- else -%}{{ inner }}[]{%- endif -%}
        {%- else -%}any[]{%- endif -%}
        {%- if spec.nullable -%} | null{%- endif -%}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping and spec.type[0] is defined -%}
        {%- if spec.type | length > 1 -%}{{ spec.type | join(" | ") }}{%- else -%}{{ spec.type[0] }}{%- endif -%}
    {%- elif spec.oneOf -%}
        {%- for variant in spec.oneOf -%}{{ render_type(variant, required) }}{%- if not loop.last %} | {% endif -%}{%- endfor -%}
    {%- elif spec.type == "string" -%}
        {%- if spec.enum -%}{{ '"' + spec.enum|join('" | "') + '"' }}{%- else -%}string{%- if spec.nullable %} | null{%- endif -%}{%- endif -%}
    {%- elif spec.type in ["number", "integer"] -%}number
    {%- elif spec.type == "boolean" -%}boolean
    {%- elif spec.type == "object" -%}
        {%- if spec.properties -%}
            {{- "{\n" }}
            {%- for name, prop in spec.properties.items() -%}
                {{ name }}{%- if name not in (spec.required or []) -%}?{%- endif -%}{{ ": " }}{{ render_type(prop, spec.required or []) }}
                {%- if not loop.last -%}, {%- endif -%}
            {%- endfor -%}
            {{ "}" }}
        {%- else -%}object{%- endif -%}
    {%- else -%}any{%- endif -%}
{%- endmacro -%}
{{- "<|start|>system<|message|>Date: " + strftime_now("%Y-%m-%d") + "\nReasoning: " + (reasoning_effort | default("medium")) + "<|end|>" }}
{%- if tools %}
    {{- "<|start|>developer<|message|>namespace functions {\n\n" }}
    {%- for tool in tools %}
        {%- set tool = tool.function %}
        {{- "// " + tool.description + "\ntype " + tool.name + " = (_: {\n" }}
        {%- for name, spec in tool.parameters.properties.items() %}
            {%- if spec.description %}{{- "// " + spec.description + "\n" }}{%- endif %}
            {{- name }}{%- if name not in (tool.parameters.required or []) %}{{- "?" }}{%- endif %}{{- ": " + render_type(spec, []) + ",\n" }}
        {%- endfor %}
        {{- "}) => any;\n\n" }}
    {%- endfor %}
    {{- "}<|end|>" }}
{%- endif %}
{%- set last = namespace(name=none) %}
{%- for message in messages -%}
    {%- if message.role == 'assistant' -%}
        {%- if "tool_calls" in message and message.tool_calls %}
            {%- set call = message.tool_calls[0].function %}
            {%- set last.name = call.name %}
            {{- "<|start|>assistant to=functions." ~ call.name ~ "<|channel|>commentary json<|message|>" ~ call.arguments|tojson ~ "<|call|>" }}
        {%- else %}
            {%- generation %}{{- "<|start|>assistant<|channel|>final<|message|>" + message.content + ("<|return|>" if loop.last and not add_generation_prompt else "<|end|>") }}{%- endgeneration %}
        {%- endif %}
    {%- elif message.role == 'tool' -%}
        {%- if last.name is none %}{{- raise_exception("A tool answered that nobody called") }}{%- endif %}
        {{- "<|start|>functions." + last.name + " to=assistant<|channel|>commentary<|message|>" + message.content|tojson + "<|end|>" }}
    {%- else -%}
        {{- "<|start|>" + message.role + "<|message|>" + message.content + "<|end|>" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|start|>assistant{%- endif -%}""",
    "zephyr": r"""{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "granite": r"""{%- if documents %}{% for d in documents %}Document {{ loop.index0 }}
{{ d.title }}
{{ d['text'] | wordcount }} words{% if not loop.last %}

{% endif %}{% endfor %}{% endif %}
{%- for message in messages %}
    {%- set content = message.content if message.content else '' %}
    {{- '<|start_of_role|>' ~ message['role'] ~ '<|end_of_role|>' ~ content }}
    {%- if message.tool_calls %}{{- '<|tool_call|>' ~ (message.tool_calls | map(attribute='function') | list | tojson) }}{%- endif %}
    {{- '<|end_of_text|>\n' }}
    {%- if loop.last and add_generation_prompt %}
        {{- '<|start_of_role|>assistant' }}
        {%- if controls %}{{- ' ' + controls | tojson() }}{%- endif %}
        {{- '<|end_of_role|>' }}
    {%- endif %}
{%- endfor %}""",
    "vicuna": r"""{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = 'A chat.' %}{% endif %}{% for message in loop_messages %}{% if loop.index0 == 0 %}{{ system_message }}{% endif %}{% if message['role'] == 'user' %}{{ ' USER: ' + message['content'].strip() }}{% elif message['role'] == 'assistant' %}{{ ' ASSISTANT: ' + message['content'].strip() + eos_token }}{% else %}{{ raise_exception('Unknown role: ' + message['role']) }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ ' ASSISTANT:' }}{% endif %}""",
}

WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Weather at a place.", "parameters": {"type": "object", "properties": {
    "city": {"type": "string", "description": "the \"city\""}, "days": {"type": "integer", "description": "how many"},
    "unit": {"type": "string", "enum": ["c", "f"], "description": "unit"}}, "required": ["city"]}}}
SEARCH = {"type": "function", "function": {"name": "search", "description": "Finds <things>.", "parameters": {"type": "object", "properties": {
    "tags": {"type": "array", "items": {"type": "string"}, "description": "tags"}, "exact": {"type": "boolean", "description": "é"}}, "required": []}}}
CALL = {"id": "call12345", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}}


def say(role, content, **more):
    return dict(role=role, content=content, **more)


CONVERSATIONS = {
    "one": {"messages": [say("user", "Hello <there> & \"you\"")]},
    "multi": {"messages": [say("system", " Be terse. "), say("user", "Hi\n"), say("assistant", "  Yo "), say("user", "漢字 😀")]},
    "no_prompt": {"messages": [say("user", "Q"), say("assistant", "A")], "add_generation_prompt": False},
    "tools": {"messages": [say("system", "S"), say("user", "Weather?")], "tools": [WEATHER, SEARCH]},
    "tool_round": {"messages": [say("user", "Weather?"), say("assistant", "", tool_calls=[CALL]), say("tool", "{\"t\": 21}", name="get_weather", tool_call_id="call12345"), say("assistant", "21"), say("user", "Thanks")], "tools": [WEATHER]},
    "two_results": {"messages": [say("user", "W?"), say("assistant", "hm", tool_calls=[CALL, CALL]), say("tool", "1", tool_call_id="a"), say("tool", "2", tool_call_id="b")]},
    "thinking": {"messages": [say("user", "Q1"), say("assistant", "<think>\nhm\n</think>\n\nA1"), say("user", "Q2"), say("assistant", "A2", reasoning_content="r")], "enable_thinking": False},
    "wrong_order": {"messages": [say("assistant", "A"), say("user", "B"), say("user", "C")]},
    "parts": {"messages": [say("user", [{"type": "text", "text": " see "}, {"type": "image"}])]},
    "documents": {"messages": [say("user", "Q")], "documents": [{"title": "T1", "text": "some words here"}, {"title": "T2", "text": ""}], "controls": {"length": "long"}},
    "none_content": {"messages": [say("user", "Q"), {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
    "empty": {"messages": []},
    "odd_role": {"messages": [say("developer", "D"), say("narrator", "N")], "tools": None},
}
