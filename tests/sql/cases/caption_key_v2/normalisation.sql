-- case: case, outer and repeated white space do not change the key, other characters do

-- when
SELECT caption_key_v2('Test message');

-- then
ASSERT caption_key_v2('Test message') = caption_key_v2('test message') AS 'case';
ASSERT caption_key_v2('   TEST\t\nmessage  ') = caption_key_v2('test message') AS 'white space';
ASSERT caption_key_v2('testmessage') != caption_key_v2('test message') AS 'removed space';
ASSERT caption_key_v2("it's -- a /* test */ \"quoted\"") != caption_key_v2("its a test quoted") AS 'quotes and comment signs count';
ASSERT LENGTH(caption_key_v2(REPEAT('\u0645\u0631\u062d\u0628\u0627 ', 2000))) = 64 AS 'ten thousand characters of right-to-left text';
