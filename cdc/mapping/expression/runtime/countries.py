"""Countries by ISO 3166-1: two letters, three letters, three digits, and names in English, German and the countries' own languages.

The names are those of Unicode's Common Locale Data Repository (Unicode Licence v3) and of the standard, and a few that people still write.
"""

from __future__ import annotations

COUNTRIES = """\
AD AND 020 Andorra|Principality of Andorra
AE ARE 784 United Arab Emirates|Vereinigte Arabische Emirate|الإمارات العربية المتحدة|UAE|VAE
AF AFG 004 Afghanistan|Islamic Republic of Afghanistan|افغانستان
AG ATG 028 Antigua & Barbuda|Antigua und Barbuda|Antigua and Barbuda
AI AIA 660 Anguilla
AL ALB 008 Albania|Albanien|Republic of Albania|Shqipëri
AM ARM 051 Armenia|Armenien|Republic of Armenia|Հայաստան
AO AGO 024 Angola|Republic of Angola
AQ ATA 010 Antarctica|Antarktis
AR ARG 032 Argentina|Argentinien|Argentine Republic
AS ASM 016 American Samoa|Amerikanisch-Samoa
AT AUT 040 Austria|Österreich|Republic of Austria|Republik Österreich
AU AUS 036 Australia|Australien
AW ABW 533 Aruba
AX ALA 248 Åland Islands|Ålandinseln|Åland
AZ AZE 031 Azerbaijan|Aserbaidschan|Republic of Azerbaijan|Azərbaycan|Азәрбајҹан
BA BIH 070 Bosnia & Herzegovina|Bosnien und Herzegowina|Bosnia and Herzegovina|Republic of Bosnia and Herzegovina|Босна и Херцеговина|Bosna i Hercegovina|Bosnia|Bosnien
BB BRB 052 Barbados
BD BGD 050 Bangladesh|Bangladesch|People's Republic of Bangladesh|বাংলাদেশ
BE BEL 056 Belgium|Belgien|Kingdom of Belgium|België|Belgique
BF BFA 854 Burkina Faso
BG BGR 100 Bulgaria|Bulgarien|Republic of Bulgaria|България
BH BHR 048 Bahrain|Kingdom of Bahrain|البحرين
BI BDI 108 Burundi|Republic of Burundi|Uburundi
BJ BEN 204 Benin|Republic of Benin
BL BLM 652 St. Barthélemy|Saint Barthélemy
BM BMU 060 Bermuda
BN BRN 096 Brunei|Brunei Darussalam|بروني
BO BOL 068 Bolivia|Bolivien|Bolivia, Plurinational State of|Plurinational State of Bolivia
BQ BES 535 Caribbean Netherlands|Karibische Niederlande|Bonaire, Sint Eustatius and Saba|Caribisch Nederland
BR BRA 076 Brazil|Brasilien|Federative Republic of Brazil|Brasil
BS BHS 044 Bahamas|Commonwealth of the Bahamas
BT BTN 064 Bhutan|Kingdom of Bhutan|འབྲུག
BV BVT 074 Bouvet Island|Bouvetinsel
BW BWA 072 Botswana|Botsuana|Republic of Botswana
BY BLR 112 Belarus|Republic of Belarus|Беларусь|Weissrussland
BZ BLZ 084 Belize
CA CAN 124 Canada|Kanada
CC CCK 166 Cocos (Keeling) Islands|Kokosinseln
CD COD 180 Congo - Kinshasa|Kongo-Kinshasa|Congo, The Democratic Republic of the|Democratic Republic of the Congo|Demokratische Republik Kongo|DR Congo|DR Kongo
CF CAF 140 Central African Republic|Zentralafrikanische Republik|Ködörösêse tî Bêafrîka|République centrafricaine
CG COG 178 Congo - Brazzaville|Kongo-Brazzaville|Republic of the Congo|Republik Kongo
CH CHE 756 Switzerland|Schweiz|Swiss Confederation|Schwiiz|Suisse|Svizzera|Confoederatio Helvetica|Schweizerische Eidgenossenschaft
CI CIV 384 Côte d’Ivoire|Republic of Côte d'Ivoire|Ivory Coast|Elfenbeinküste
CK COK 184 Cook Islands|Cookinseln
CL CHL 152 Chile|Republic of Chile
CM CMR 120 Cameroon|Kamerun|Republic of Cameroon|Cameroun
CN CHN 156 China|People's Republic of China|中国|Volksrepublik China
CO COL 170 Colombia|Kolumbien|Republic of Colombia
CR CRI 188 Costa Rica|Republic of Costa Rica
CU CUB 192 Cuba|Kuba|Republic of Cuba
CV CPV 132 Cape Verde|Cabo Verde|Republic of Cabo Verde
CW CUW 531 Curaçao|Kòrsou
CX CXR 162 Christmas Island|Weihnachtsinsel
CY CYP 196 Cyprus|Zypern|Republic of Cyprus|Κύπρος|Kıbrıs
CZ CZE 203 Czechia|Tschechien|Czech Republic|Česko|Tschechische Republik|Tschechei
DE DEU 276 Germany|Deutschland|Federal Republic of Germany|Bundesrepublik Deutschland|BRD|Allemagne|Germania
DJ DJI 262 Djibouti|Dschibuti|Republic of Djibouti|جيبوتي
DK DNK 208 Denmark|Dänemark|Kingdom of Denmark|Danmark
DM DMA 212 Dominica|Commonwealth of Dominica
DO DOM 214 Dominican Republic|Dominikanische Republik|República Dominicana
DZ DZA 012 Algeria|Algerien|People's Democratic Republic of Algeria|الجزائر|Algérie
EC ECU 218 Ecuador|Republic of Ecuador
EE EST 233 Estonia|Estland|Republic of Estonia|Eesti
EG EGY 818 Egypt|Ägypten|Arab Republic of Egypt|مصر
EH ESH 732 Western Sahara|Westsahara|الصحراء الغربية
ER ERI 232 Eritrea|the State of Eritrea|ኤርትራ|إريتريا
ES ESP 724 Spain|Spanien|Kingdom of Spain|España
ET ETH 231 Ethiopia|Äthiopien|Federal Democratic Republic of Ethiopia|ኢትዮጵያ
FI FIN 246 Finland|Finnland|Republic of Finland|Suomi
FJ FJI 242 Fiji|Fidschi|Republic of Fiji
FK FLK 238 Falkland Islands|Falklandinseln|Falkland Islands (Malvinas)
FM FSM 583 Micronesia|Mikronesien|Micronesia, Federated States of|Federated States of Micronesia
FO FRO 234 Faroe Islands|Färöer|Føroyar
FR FRA 250 France|Frankreich|French Republic
GA GAB 266 Gabon|Gabun|Gabonese Republic
GB GBR 826 United Kingdom|Vereinigtes Königreich|United Kingdom of Great Britain and Northern Ireland|UK|Great Britain|Großbritannien|Vereinigtes Königreich Großbritannien und Nordirland
GD GRD 308 Grenada
GE GEO 268 Georgia|Georgien|საქართველო
GF GUF 254 French Guiana|Französisch-Guayana|Guyane française
GG GGY 831 Guernsey
GH GHA 288 Ghana|Republic of Ghana
GI GIB 292 Gibraltar
GL GRL 304 Greenland|Grönland|Kalaallit Nunaat
GM GMB 270 Gambia|Republic of the Gambia
GN GIN 324 Guinea|Republic of Guinea|Guinée
GP GLP 312 Guadeloupe
GQ GNQ 226 Equatorial Guinea|Äquatorialguinea|Republic of Equatorial Guinea|Guinea Ecuatorial|Guinée équatoriale|Guiné Equatorial
GR GRC 300 Greece|Griechenland|Hellenic Republic|Ελλάδα|EL|Hellas
GS SGS 239 South Georgia & South Sandwich Islands|Südgeorgien und die Südlichen Sandwichinseln|South Georgia and the South Sandwich Islands
GT GTM 320 Guatemala|Republic of Guatemala
GU GUM 316 Guam
GW GNB 624 Guinea-Bissau|Republic of Guinea-Bissau|Guiné-Bissau
GY GUY 328 Guyana|Republic of Guyana
HK HKG 344 Hong Kong SAR China|Sonderverwaltungsregion Hongkong|Hong Kong|Hong Kong Special Administrative Region of China|中國香港特別行政區
HM HMD 334 Heard & McDonald Islands|Heard und McDonaldinseln|Heard Island and McDonald Islands
HN HND 340 Honduras|Republic of Honduras
HR HRV 191 Croatia|Kroatien|Republic of Croatia|Hrvatska
HT HTI 332 Haiti|Republic of Haiti
HU HUN 348 Hungary|Ungarn|Magyarország
ID IDN 360 Indonesia|Indonesien|Republic of Indonesia
IE IRL 372 Ireland|Irland|Éire|Republic of Ireland|Republik Irland
IL ISR 376 Israel|State of Israel|ישראל|إسرائيل
IM IMN 833 Isle of Man|Ellan Vannin
IN IND 356 India|Indien|Republic of India|भारत
IO IOT 086 British Indian Ocean Territory|Britisches Territorium im Indischen Ozean
IQ IRQ 368 Iraq|Irak|Republic of Iraq|العراق
IR IRN 364 Iran|Iran, Islamic Republic of|Islamic Republic of Iran|ایران
IS ISL 352 Iceland|Island|Republic of Iceland
IT ITA 380 Italy|Italien|Italian Republic|Italia
JE JEY 832 Jersey
JM JAM 388 Jamaica|Jamaika
JO JOR 400 Jordan|Jordanien|Hashemite Kingdom of Jordan|الأردن
JP JPN 392 Japan|日本
KE KEN 404 Kenya|Kenia|Republic of Kenya
KG KGZ 417 Kyrgyzstan|Kirgisistan|Kyrgyz Republic|Кыргызстан|Киргизия
KH KHM 116 Cambodia|Kambodscha|Kingdom of Cambodia|កម្ពុជា
KI KIR 296 Kiribati|Republic of Kiribati
KM COM 174 Comoros|Komoren|Union of the Comoros|جزر القمر|Comores
KN KNA 659 St. Kitts & Nevis|St. Kitts und Nevis|Saint Kitts and Nevis
KP PRK 408 North Korea|Nordkorea|Korea, Democratic People's Republic of|Democratic People's Republic of Korea|북한
KR KOR 410 South Korea|Südkorea|Korea, Republic of|대한민국|Republic of Korea
KW KWT 414 Kuwait|State of Kuwait|الكويت
KY CYM 136 Cayman Islands|Kaimaninseln
KZ KAZ 398 Kazakhstan|Kasachstan|Republic of Kazakhstan|Казахстан|Қазақстан
LA LAO 418 Laos|Lao People's Democratic Republic|ລາວ
LB LBN 422 Lebanon|Libanon|Lebanese Republic|لبنان
LC LCA 662 St. Lucia|Saint Lucia
LI LIE 438 Liechtenstein|Principality of Liechtenstein|Liächteschtäi
LK LKA 144 Sri Lanka|Democratic Socialist Republic of Sri Lanka|ශ්‍රී ලංකාව|இலங்கை
LR LBR 430 Liberia|Republic of Liberia
LS LSO 426 Lesotho|Kingdom of Lesotho
LT LTU 440 Lithuania|Litauen|Republic of Lithuania|Lietuva
LU LUX 442 Luxembourg|Luxemburg|Grand Duchy of Luxembourg|Lëtzebuerg
LV LVA 428 Latvia|Lettland|Republic of Latvia|Latvija
LY LBY 434 Libya|Libyen|ليبيا
MA MAR 504 Morocco|Marokko|Kingdom of Morocco|المغرب|Maroc|Meṛṛuk
MC MCO 492 Monaco|Principality of Monaco
MD MDA 498 Moldova|Republik Moldau|Moldova, Republic of|Republic of Moldova|Republica Moldova|Moldavia|Moldawien
ME MNE 499 Montenegro|Crna Gora
MF MAF 663 St. Martin|Saint Martin (French part)|Saint-Martin
MG MDG 450 Madagascar|Madagaskar|Republic of Madagascar|Madagasikara
MH MHL 584 Marshall Islands|Marshallinseln|Republic of the Marshall Islands
MK MKD 807 North Macedonia|Nordmazedonien|Republic of North Macedonia|Северна Македонија|Macedonia|Mazedonien
ML MLI 466 Mali|Republic of Mali
MM MMR 104 Myanmar (Burma)|Myanmar|Republic of Myanmar|မြန်မာ|Burma|Birma
MN MNG 496 Mongolia|Mongolei|Монгол
MO MAC 446 Macao SAR China|Sonderverwaltungsregion Macau|Macao|Macao Special Administrative Region of China|中國澳門特別行政區|Macau, RAE da China|Macau
MP MNP 580 Northern Mariana Islands|Nördliche Marianen|Commonwealth of the Northern Mariana Islands
MQ MTQ 474 Martinique
MR MRT 478 Mauritania|Mauretanien|Islamic Republic of Mauritania|موريتانيا
MS MSR 500 Montserrat
MT MLT 470 Malta|Republic of Malta
MU MUS 480 Mauritius|Republic of Mauritius|Maurice
MV MDV 462 Maldives|Malediven|Republic of Maldives|ދިވެހި ރާއްޖެ
MW MWI 454 Malawi|Republic of Malawi
MX MEX 484 Mexico|Mexiko|United Mexican States
MY MYS 458 Malaysia
MZ MOZ 508 Mozambique|Mosambik|Republic of Mozambique|Moçambique
NA NAM 516 Namibia|Republic of Namibia
NC NCL 540 New Caledonia|Neukaledonien|Nouvelle-Calédonie
NE NER 562 Niger|Republic of the Niger
NF NFK 574 Norfolk Island|Norfolkinsel
NG NGA 566 Nigeria|Federal Republic of Nigeria|Nàìjíríà
NI NIC 558 Nicaragua|Republic of Nicaragua
NL NLD 528 Netherlands|Niederlande|Kingdom of the Netherlands|Nederland|Holland|The Netherlands
NO NOR 578 Norway|Norwegen|Kingdom of Norway|Norge|Noreg
NP NPL 524 Nepal|Federal Democratic Republic of Nepal|नेपाल
NR NRU 520 Nauru|Republic of Nauru
NU NIU 570 Niue
NZ NZL 554 New Zealand|Neuseeland|Aotearoa
OM OMN 512 Oman|Sultanate of Oman|عُمان
PA PAN 591 Panama|Republic of Panama
PE PER 604 Peru|Republic of Peru
PF PYF 258 French Polynesia|Französisch-Polynesien|Polynésie française
PG PNG 598 Papua New Guinea|Papua-Neuguinea|Independent State of Papua New Guinea|Papua Niugini
PH PHL 608 Philippines|Philippinen|Republic of the Philippines|Pilipinas
PK PAK 586 Pakistan|Islamic Republic of Pakistan|پاکستان
PL POL 616 Poland|Polen|Republic of Poland|Polska
PM SPM 666 St. Pierre & Miquelon|St. Pierre und Miquelon|Saint Pierre and Miquelon|Saint-Pierre-et-Miquelon
PN PCN 612 Pitcairn Islands|Pitcairninseln|Pitcairn
PR PRI 630 Puerto Rico
PS PSE 275 Palestinian Territories|Palästinensische Autonomiegebiete|Palestine, State of|the State of Palestine|الأراضي الفلسطينية|Palestine|Palästina
PT PRT 620 Portugal|Portuguese Republic
PW PLW 585 Palau|Republic of Palau
PY PRY 600 Paraguay|Republic of Paraguay|Paraguai
QA QAT 634 Qatar|Katar|State of Qatar|قطر
RE REU 638 Réunion|La Réunion
RO ROU 642 Romania|Rumänien
RS SRB 688 Serbia|Serbien|Republic of Serbia|Srbija|Србија
RU RUS 643 Russia|Russland|Russian Federation|Россия|Russische Föderation
RW RWA 646 Rwanda|Ruanda|Rwandese Republic|U Rwanda
SA SAU 682 Saudi Arabia|Saudi-Arabien|Kingdom of Saudi Arabia|المملكة العربية السعودية
SB SLB 090 Solomon Islands|Salomonen
SC SYC 690 Seychelles|Seychellen|Republic of Seychelles
SD SDN 729 Sudan|Republic of the Sudan|السودان
SE SWE 752 Sweden|Schweden|Kingdom of Sweden|Sverige
SG SGP 702 Singapore|Singapur|Republic of Singapore|新加坡|Singapura|சிங்கப்பூர்
SH SHN 654 St. Helena|Saint Helena, Ascension and Tristan da Cunha
SI SVN 705 Slovenia|Slowenien|Republic of Slovenia|Slovenija
SJ SJM 744 Svalbard & Jan Mayen|Spitzbergen und Jan Mayen|Svalbard and Jan Mayen|Svalbard og Jan Mayen
SK SVK 703 Slovakia|Slowakei|Slovak Republic|Slovensko|Slowakische Republik
SL SLE 694 Sierra Leone|Republic of Sierra Leone
SM SMR 674 San Marino|Republic of San Marino
SN SEN 686 Senegal|Republic of Senegal|Senegaal
SO SOM 706 Somalia|Federal Republic of Somalia|Soomaaliya|الصومال
SR SUR 740 Suriname|Republic of Suriname
SS SSD 728 South Sudan|Südsudan|Republic of South Sudan
ST STP 678 São Tomé & Príncipe|São Tomé und Príncipe|Sao Tome and Principe|Democratic Republic of Sao Tome and Principe|São Tomé e Príncipe
SV SLV 222 El Salvador|Republic of El Salvador
SX SXM 534 Sint Maarten|Sint Maarten (Dutch part)
SY SYR 760 Syria|Syrien|Syrian Arab Republic|سوريا
SZ SWZ 748 Eswatini|Kingdom of Eswatini|Swaziland|Swasiland
TC TCA 796 Turks & Caicos Islands|Turks- und Caicosinseln|Turks and Caicos Islands
TD TCD 148 Chad|Tschad|Republic of Chad|تشاد|Tchad
TF ATF 260 French Southern Territories|Französische Süd- und Antarktisgebiete
TG TGO 768 Togo|Togolese Republic
TH THA 764 Thailand|Kingdom of Thailand|ไทย
TJ TJK 762 Tajikistan|Tadschikistan|Republic of Tajikistan|Тоҷикистон
TK TKL 772 Tokelau
TL TLS 626 Timor-Leste|Democratic Republic of Timor-Leste|East Timor
TM TKM 795 Turkmenistan
TN TUN 788 Tunisia|Tunesien|Republic of Tunisia|تونس|Tunisie
TO TON 776 Tonga|Kingdom of Tonga
TR TUR 792 Türkiye|Türkei|Republic of Türkiye|Turkey
TT TTO 780 Trinidad & Tobago|Trinidad und Tobago|Trinidad and Tobago|Republic of Trinidad and Tobago
TV TUV 798 Tuvalu
TW TWN 158 Taiwan|Taiwan, Province of China|台灣
TZ TZA 834 Tanzania|Tansania|Tanzania, United Republic of|United Republic of Tanzania
UA UKR 804 Ukraine|Україна|Украина
UG UGA 800 Uganda|Republic of Uganda
UM UMI 581 U.S. Outlying Islands|Amerikanische Überseeinseln|United States Minor Outlying Islands
US USA 840 United States|Vereinigte Staaten|United States of America|Vereinigte Staaten von Amerika
UY URY 858 Uruguay|Eastern Republic of Uruguay
UZ UZB 860 Uzbekistan|Usbekistan|Republic of Uzbekistan|Oʻzbekiston|Ўзбекистон
VA VAT 336 Vatican City|Vatikanstadt|Holy See (Vatican City State)|Città del Vaticano|Vatican|Vatikan|Holy See|Heiliger Stuhl
VC VCT 670 St. Vincent & Grenadines|St. Vincent und die Grenadinen|Saint Vincent and the Grenadines
VE VEN 862 Venezuela|Venezuela, Bolivarian Republic of|Bolivarian Republic of Venezuela
VG VGB 092 British Virgin Islands|Britische Jungferninseln|Virgin Islands, British
VI VIR 850 U.S. Virgin Islands|Amerikanische Jungferninseln|Virgin Islands, U.S.|Virgin Islands of the United States
VN VNM 704 Vietnam|Socialist Republic of Viet Nam
VU VUT 548 Vanuatu|Republic of Vanuatu
WF WLF 876 Wallis & Futuna|Wallis und Futuna|Wallis and Futuna|Wallis-et-Futuna
WS WSM 882 Samoa|Independent State of Samoa
YE YEM 887 Yemen|Jemen|Republic of Yemen|اليمن
YT MYT 175 Mayotte
ZA ZAF 710 South Africa|Südafrika|Republic of South Africa
ZM ZMB 894 Zambia|Sambia|Republic of Zambia
ZW ZWE 716 Zimbabwe|Simbabwe|Republic of Zimbabwe
"""
"""A line a country: `DE DEU 276 Germany|Deutschland|…`. Where a name is that of several (Congo), it is nobody's."""
