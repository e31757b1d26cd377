# Prints the products of the numbers below n, and their sum.
start:
	n = 4
	sum = 0
	i = 0
rows:
	if i >= n goto done
row:
	j = 0
columns:
	if j >= n goto after
column:
	p = i * j
	print p
	sum = sum + p
	j = j + 1
	goto columns
after:
	i = i + 1
	goto rows
done:
	print sum
