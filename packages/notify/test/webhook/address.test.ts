import { describe, expect, it } from 'vitest';

import { isPublicAddress } from '../../src/webhook/address.js';

const CLOSED = `
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 169.254.0.1
172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:a00:1 ::ffff:169.254.169.254 ::7f00:1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 100::1
2001::1 2001:db8::1 2001:10::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 5f00::1 fc00::1 fd12:3456:789a::1 fe80::1 fe80::1%lo
febf::1 fec0::1 ff02::1 ff0e::1 4000::1
`;
const PUBLIC = `
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.1
172.15.255.255 172.32.0.1 192.0.1.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
2606:4700:4700::1111 2a00:1450:4001:800::200e 2001:4860:4860::8888 2003::1 ::ffff:8.8.8.8 64:ff9b::808:808
`;

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

describe('isPublicAddress', () => {
  it.each(words(CLOSED))('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(words(PUBLIC))('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(['', 'localhost', '2130706433', '0x7f.1', '127.1', '1.2.3', '1.2.3.256', '[::1]', ':::1'])(
    'refuses %s, which is no address',
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});
