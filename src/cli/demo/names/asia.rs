//! Names of western, southern and eastern Asia in their own scripts.

use super::NameTable;

const NONE: &str = "";

pub(in crate::cli::demo) const ARABIC: NameTable = NameTable {
    female: "\
        فاطمة=Fatima,مريم=Maryam,ليلى=Layla,نور=Noor,سارة=Sara,هدى=Huda,زينب=Zaynab,رانيا=Rania,\
        أمينة=Amina,خديجة=Khadija",
    male: "\
        محمد=Mohammed,أحمد=Ahmad,علي=Ali,عمر=Omar,خالد=Khalid,يوسف=Yusuf,حسن=Hassan,عبد الله=Abdullah,\
        إبراهيم=Ibrahim,سامر=Samer",
    last: "\
        الأحمد=Alahmad,حداد=Haddad,الخطيب=Alkhatib,منصور=Mansour,العلي=Alali,نجار=Najjar,السيد=Alsayed,\
        خوري=Khoury,درويش=Darwish,العمري=Alomari,قباني=Qabbani,الزين=Alzein,صالح=Saleh,عباس=Abbas,\
        الهاشمي=Alhashimi,بركات=Barakat",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const HEBREW: NameTable = NameTable {
    female: "נועה=Noa,תמר=Tamar,מאיה=Maya,אביגיל=Avigail,שירה=Shira,רחל=Rachel,יעל=Yael,מיכל=Michal",
    male: "דוד=David,יוסף=Yosef,אורי=Uri,איתן=Eitan,נועם=Noam,משה=Moshe,אריאל=Ariel,גיא=Guy",
    last: "\
        כהן=Cohen,לוי=Levi,מזרחי=Mizrahi,פרץ=Peretz,ביטון=Biton,דהן=Dahan,אברהם=Avraham,פרידמן=Friedman,\
        מלכה=Malka,אזולאי=Azoulay,כץ=Katz,גולן=Golan,בן דוד=Bendavid,שפירא=Shapira",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const HINDI: NameTable = NameTable {
    female: "\
        प्रिया=Priya,अनन्या=Ananya,दीपिका=Deepika,काव्या=Kavya,नेहा=Neha,सुनीता=Sunita,आरती=Aarti,\
        मीना=Meena",
    male: "\
        राहुल=Rahul,अमित=Amit,विजय=Vijay,अर्जुन=Arjun,संजय=Sanjay,राजेश=Rajesh,कृष्ण=Krishna,मोहन=Mohan",
    last: "\
        शर्मा=Sharma,वर्मा=Verma,गुप्ता=Gupta,सिंह=Singh,कुमार=Kumar,पटेल=Patel,मिश्रा=Mishra,\
        अग्रवाल=Agarwal,चौधरी=Chaudhary,जोशी=Joshi,मेहता=Mehta,यादव=Yadav,श्रीवास्तव=Srivastava,\
        त्रिपाठी=Tripathi",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const CHINESE: NameTable = NameTable {
    female: "\
        芳=Fang,秀英=Xiuying,敏=Min,静=Jing,丽=Li,艳=Yan,雨桐=Yutong,欣怡=Xinyi,梓涵=Zihan,诗琪=Shiqi,晓燕=Xiaoyan,\
        婷婷=Tingting",
    male: "\
        伟=Wei,强=Qiang,磊=Lei,军=Jun,洋=Yang,勇=Yong,浩然=Haoran,子轩=Zixuan,宇航=Yuhang,建国=Jianguo,志明=Zhiming,\
        俊杰=Junjie",
    last: "\
        王=Wang,李=Li,张=Zhang,刘=Liu,陈=Chen,杨=Yang,赵=Zhao,黄=Huang,周=Zhou,吴=Wu,徐=Xu,孙=Sun,胡=Hu,朱=Zhu,高=Gao,\
        林=Lin,何=He,郭=Guo,马=Ma,罗=Luo,欧阳=Ouyang,司马=Sima",
    roots: NONE,
    endings: NONE,
    family_first: true,
};

pub(in crate::cli::demo) const TAIWANESE: NameTable = NameTable {
    female: "淑芬=Shufen,美玲=Meiling,雅婷=Yating,怡君=Yijun,佳穎=Jiaying,詩涵=Shihan,麗華=Lihua,惠美=Huimei",
    male: "志豪=Zhihao,家豪=Jiahao,俊傑=Junjie,承恩=Chengen,冠宇=Guanyu,建宏=Jianhong,宗翰=Zonghan,柏翰=Bohan",
    last: "\
        陳=Chen,林=Lin,黃=Huang,張=Chang,李=Lee,王=Wang,吳=Wu,劉=Liu,蔡=Tsai,楊=Yang,許=Hsu,鄭=Cheng,謝=Hsieh,洪=Hung",
    roots: NONE,
    endings: NONE,
    family_first: true,
};

pub(in crate::cli::demo) const JAPANESE: NameTable = NameTable {
    female: "\
        陽菜=Hina,結衣=Yui,美咲=Misaki,葵=Aoi,さくら=Sakura,凛=Rin,愛子=Aiko,由美=Yumi,恵子=Keiko,ユリ=Yuri,真由美=Mayumi,\
        千尋=Chihiro",
    male: "\
        翔太=Shota,大輔=Daisuke,健一=Kenichi,蓮=Ren,陽翔=Haruto,悠真=Yuma,拓也=Takuya,直樹=Naoki,ケン=Ken,太郎=Taro,\
        誠=Makoto,一郎=Ichiro",
    last: "\
        佐藤=Sato,鈴木=Suzuki,高橋=Takahashi,田中=Tanaka,伊藤=Ito,渡辺=Watanabe,山本=Yamamoto,中村=Nakamura,小林=Kobayashi,\
        加藤=Kato,吉田=Yoshida,山田=Yamada,佐々木=Sasaki,山口=Yamaguchi,松本=Matsumoto,井上=Inoue,木村=Kimura,林=Hayashi,\
        清水=Shimizu,斎藤=Saito,長谷川=Hasegawa,五十嵐=Igarashi",
    roots: NONE,
    endings: NONE,
    family_first: true,
};

pub(in crate::cli::demo) const KOREAN: NameTable = NameTable {
    female: "서연=Seoyeon,지우=Jiwoo,민지=Minji,하은=Haeun,수진=Sujin,은영=Eunyoung,유진=Yujin,혜진=Hyejin",
    male: "민준=Minjun,서준=Seojun,도윤=Doyun,지훈=Jihoon,현우=Hyunwoo,성민=Sungmin,동현=Donghyun,영수=Youngsoo",
    last: "\
        김=Kim,이=Lee,박=Park,최=Choi,정=Jung,강=Kang,조=Cho,윤=Yoon,장=Jang,임=Lim,한=Han,오=Oh,서=Seo,신=Shin,권=Kwon,\
        남궁=Namgung",
    roots: NONE,
    endings: NONE,
    family_first: true,
};

pub(in crate::cli::demo) const VIETNAMESE: NameTable = NameTable {
    female: "Thị Hương,Ngọc Ánh,Thu Thảo,Mai,Linh,Phương Anh,Bích Ngọc,Kim Oanh",
    male: "Văn Đức,Minh Tuấn,Quốc Bảo,Hoàng,Hữu Nghĩa,Đình Khôi,Thanh Tùng,Gia Huy",
    last: "Nguyễn,Trần,Lê,Phạm,Huỳnh,Hoàng,Phan,Vũ,Võ,Đặng,Bùi,Đỗ,Hồ,Ngô,Dương,Lý",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const THAI: NameTable = NameTable {
    female: "สุดา=Suda,มาลี=Malee,พิมพ์ใจ=Pimjai,นภา=Napa,อรุณี=Arunee,กมลา=Kamala",
    male: "สมชาย=Somchai,ประเสริฐ=Prasert,วิชัย=Wichai,อนันต์=Anan,ธนากร=Thanakorn,กิตติ=Kitti",
    last: "\
        แสงทอง=Saengthong,บุญมี=Boonmee,ศรีสุข=Srisuk,ทองดี=Thongdee,วงศ์สวัสดิ์=Wongsawat,สุขใจ=Sukjai,\
        แก้วมณี=Kaewmanee,จันทร์เพ็ญ=Chanpen",
    roots: NONE,
    endings: NONE,
    family_first: false,
};
