-- case: the key of the seed's sample text is the seed's sample hash

-- when
SELECT caption_key_v2('test message');

-- then
ASSERT caption_key_v2('test message') = '3f0a377ba0a4a460ecb616f6507ce0d8cfa3e704025d4fda3ed0c5ca05468728' AS 'sample';
ASSERT caption_key_v2('') = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' AS 'empty text';
ASSERT caption_key_v2('Hey babe \U0001F618') = 'dbc8203237fd61ee14d183cf79081728b5b000399f23b0828ed3ac2cdb0798f4' AS 'emoji';
ASSERT caption_key_v2('a\u00a0b') = '9507017c6d887511a5a6ac28ea7e3a438882576e1bd76fe3df27a336f49c263b' AS 'a no-break space is no white space here';
ASSERT caption_key_v2(NULL) IS NULL AS 'NULL stays NULL';
