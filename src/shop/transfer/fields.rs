//! Everything a file can say about an order or a customer, by the name it has in a mapping.

/// How the cells of a field are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    /// Ids, postcodes, phones: text that a spreadsheet likes to destroy.
    Code,
    Number,
    Date,
}

macro_rules! fields {
    ($($section:literal { $($variant:ident $name:literal $shape:ident,)+ })+) => {
        /// One thing a file can say.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $($($variant,)+)+ }

        impl Field {
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)+)+];
            /// Such as `order` of `order.total`.
            pub fn section(self) -> &'static str {
                match self { $($(Self::$variant => $section,)+)+ }
            }
            /// Such as `total` of `order.total`.
            pub fn name(self) -> &'static str {
                match self { $($(Self::$variant => $name,)+)+ }
            }
            pub fn shape(self) -> Shape {
                match self { $($(Self::$variant => Shape::$shape,)+)+ }
            }
        }
    };
}

fields! {
    "order" {
        OrderKey "key" Code,
        OrderSplit "split" Code,
        OrderId "id" Code,
        OrderNumber "number" Code,
        PlacedAt "placed_at" Date,
        OrderCurrency "currency" Text,
        OrderEmail "email" Text,
        OrderPhone "phone" Code,
        OrderSubtotal "subtotal" Number,
        OrderDiscount "discount" Number,
        DiscountCode "discount_code" Text,
        OrderShipping "shipping" Number,
        OrderShippingTax "shipping_tax" Number,
        OrderFees "fees" Number,
        OrderFeeTax "fee_tax" Number,
        OrderCartDiscount "cart_discount" Number,
        OrderLateDiscount "late_discount" Number,
        ShippingMethod "shipping_method" Text,
        OrderTax "tax" Number,
        OrderTotal "total" Number,
        OrderRefunded "refunded" Number,
        OrderOutstanding "outstanding" Number,
        OrderNote "note" Text,
        OrderAttributes "attributes" Text,
        OrderTags "tags" Text,
        OrderStatus "status" Text,
        OrderPayment "payment" Text,
        OrderFulfilment "fulfilment" Text,
        CancelledAt "cancelled_at" Date,
        CancelReason "cancel_reason" Text,
        PaidAt "paid_at" Date,
        ShippedAt "shipped_at" Date,
        PaymentMethod "payment_method" Text,
        PaymentReference "payment_reference" Code,
        Carrier "carrier" Text,
        Tracking "tracking" Code,
        Channel "channel" Text,
    }
    "line" {
        LineSku "sku" Code,
        LineBarcode "barcode" Code,
        LineTitle "title" Text,
        LineCategory "category" Text,
        LineSize "size" Text,
        LineColour "colour" Text,
        LineVendor "vendor" Text,
        LineQuantity "quantity" Number,
        LinePrice "price" Number,
        LineDiscount "discount" Number,
        LineDiscountRate "discount_rate" Number,
        LineTax "tax" Number,
        LineTotal "total" Number,
        LineShipping "shipping" Number,
    }
    "billing" {
        BillingName "name" Text,
        BillingFirstName "first_name" Text,
        BillingLastName "last_name" Text,
        BillingCompany "company" Text,
        BillingLine1 "line1" Text,
        BillingLine2 "line2" Text,
        BillingStreet "street" Text,
        BillingPostcode "postcode" Code,
        BillingCity "city" Text,
        BillingRegion "region" Text,
        BillingCountry "country" Text,
        BillingPhone "phone" Code,
        BillingVatId "vat_id" Code,
    }
    "shipping" {
        ShippingName "name" Text,
        ShippingFirstName "first_name" Text,
        ShippingLastName "last_name" Text,
        ShippingCompany "company" Text,
        ShippingLine1 "line1" Text,
        ShippingLine2 "line2" Text,
        ShippingStreet "street" Text,
        ShippingPostcode "postcode" Code,
        ShippingCity "city" Text,
        ShippingRegion "region" Text,
        ShippingCountry "country" Text,
        ShippingPhone "phone" Code,
    }
    "customer" {
        CustomerId "id" Code,
        CustomerEmail "email" Text,
        CustomerName "name" Text,
        CustomerFirstName "first_name" Text,
        CustomerLastName "last_name" Text,
        CustomerCompany "company" Text,
        CustomerPhone "phone" Code,
        CustomerNote "note" Text,
        CustomerTags "tags" Text,
        CustomerMarketing "marketing" Text,
        CustomerTaxExempt "tax_exempt" Text,
        CustomerVatId "vat_id" Code,
        CustomerLanguage "language" Text,
        CustomerBirthday "birthday" Date,
        CustomerSince "created_at" Date,
        CustomerOrders "orders" Number,
        CustomerSpent "spent" Number,
    }
    "payment" {
        PayMethod "method" Text,
        PayReference "reference" Code,
        PayAmount "amount" Number,
        PayInstalments "instalments" Number,
        PayAt "at" Date,
    }
}

/// The sections of a mapping, each with fields of its own.
pub const SECTIONS: &[&str] = &["order", "line", "billing", "shipping", "customer", "payment"];

impl Field {
    /// The field with this name in this section.
    pub fn named(section: &str, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.section() == section && f.name() == name)
    }
    /// The field that a rule of orders means by `lines/3/unit_price`, or one of customers by `birthday`.
    pub fn meant(pointer: &str, section: &'static str) -> Option<Self> {
        let parts: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
        let (section, name) = match parts.as_slice() {
            ["lines", _, name] => ("line", *name),
            ["billing", name] => ("billing", *name),
            ["shipping_address", name] => ("shipping", *name),
            ["addresses", _, name] => ("billing", *name),
            ["payments", _, name] => ("payment", *name),
            ["source", _] => (section, "id"),
            [name] => (section, *name),
            _ => return None,
        };
        let name = match name {
            "unit_price" => "price",
            "accepts_marketing" => "marketing",
            other => other,
        };
        Self::named(section, name)
    }
    /// Its place in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The fields of one postal address, in the order of its parts.
#[derive(Clone, Copy, Debug)]
pub struct AddressFields {
    pub name: Field,
    pub first_name: Field,
    pub last_name: Field,
    pub company: Field,
    pub line1: Field,
    pub line2: Field,
    pub street: Field,
    pub postcode: Field,
    pub city: Field,
    pub region: Field,
    pub country: Field,
    pub phone: Field,
}

pub const BILLING: AddressFields = AddressFields {
    name: Field::BillingName,
    first_name: Field::BillingFirstName,
    last_name: Field::BillingLastName,
    company: Field::BillingCompany,
    line1: Field::BillingLine1,
    line2: Field::BillingLine2,
    street: Field::BillingStreet,
    postcode: Field::BillingPostcode,
    city: Field::BillingCity,
    region: Field::BillingRegion,
    country: Field::BillingCountry,
    phone: Field::BillingPhone,
};

pub const SHIPPING: AddressFields = AddressFields {
    name: Field::ShippingName,
    first_name: Field::ShippingFirstName,
    last_name: Field::ShippingLastName,
    company: Field::ShippingCompany,
    line1: Field::ShippingLine1,
    line2: Field::ShippingLine2,
    street: Field::ShippingStreet,
    postcode: Field::ShippingPostcode,
    city: Field::ShippingCity,
    region: Field::ShippingRegion,
    country: Field::ShippingCountry,
    phone: Field::ShippingPhone,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_place() {
        for (index, field) in Field::ALL.iter().enumerate() {
            assert_eq!(Field::named(field.section(), field.name()), Some(*field));
            assert_eq!(field.index(), index);
            assert!(SECTIONS.contains(&field.section()));
        }
    }

    #[test]
    fn what_a_rule_points_at_is_a_field() {
        assert_eq!(Field::meant("/lines/3/unit_price", "order"), Some(Field::LinePrice));
        assert_eq!(Field::meant("shipping_address/city", "order"), Some(Field::ShippingCity));
        assert_eq!(Field::meant("note", "order"), Some(Field::OrderNote));
        assert_eq!(Field::meant("/birthday", "customer"), Some(Field::CustomerBirthday));
        assert_eq!(Field::meant("/lines", "order"), None);
    }
}
