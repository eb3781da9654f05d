	from	busybox	as	base
run	echo	a
Run echo b  	 
  CoPy	--from=base	/a	/b
	# indented comment
EXPOSE	80	443
onbuild	run	true
