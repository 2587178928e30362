import RingdownCore
import Testing

@Suite struct JSONDecoderTests {
    private struct Division: Codable, Equatable {
        var id: String
        var name: String?
        var weights: [Double]
    }
    private struct Queue: Codable, Equatable {
        var id: Int64
        var isActive: Bool
        var division: Division
        var labels: [String: String]
        var extra: JSON?
    }
    private enum State: String, Codable { case active, inactive }

    private func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONReader.parse(Array(text.utf8)).decoded(as: type)
    }

    /// Returns the text of the error for a value that does not match the type.
    private func failure(_ text: String, as type: (some Decodable).Type) throws -> String {
        let error = try #require(throws: DecodingError.self) { _ = try decode(text, as: type) }
        return error.summary
    }

    private static let queue = """
        {"id": 9007199254740993, "isActive": true, "labels": {"a": "1", "b": "2"}, "unknown": [null],
         "division": {"id": "d", "name": null, "weights": [1, 0.5, 1e2]}, "extra": {"z": 1.10, "a": [true]}}
        """

    @Test func `decodes nested values, and keeps the digits and the order of JSON members`() throws {
        let queue = try decode(Self.queue, as: Queue.self)
        #expect(queue.id == 9_007_199_254_740_993)
        #expect(queue.division == Division(id: "d", name: nil, weights: [1, 0.5, 100]))
        #expect(queue.labels == ["a": "1", "b": "2"])
        #expect(queue.extra?.description == #"{"z":1.10,"a":[true]}"#)
    }

    @Test func `decodes values at the top level`() throws {
        #expect(try decode("[1, 2]", as: [Int].self) == [1, 2])
        #expect(try decode("\"active\"", as: State.self) == .active)
        #expect(try decode("null", as: Int?.self) == nil)
        #expect(try decode("[1, null]", as: [Int?].self) == [1, nil])
        #expect(try decode("340282366920938463463374607431768211455", as: UInt128.self) == .max)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("1.0", 1), ("-1.500e1", -15), ("1e3", 1000), ("1E+2", 100), ("100e-2", 1),
        ("0e99999999", 0),
        ("0.000", 0), ("-9223372036854775808", Int.min), ("9.223372036854775807e18", Int.max),
    ])
    func `integers are exact in every notation`(text: String, expected: Int) throws {
        #expect(try decode(text, as: Int.self) == expected)
    }

    @Test(arguments: ["0.5", "1e-1", "9223372036854775808", "1e400", "1e99999999999999999999", "-1e30"])
    func `a number that is not an integer of the type is refused`(text: String) throws {
        #expect(try failure(text, as: Int.self) == "the number is not an integer in the range of Int")
    }

    @Test func `each integer type has its own range`() throws {
        #expect(try decode("[-128, 127]", as: [Int8].self) == [-128, 127])
        #expect(try failure("[1, 128]", as: [Int8].self) == "[1]: the number is not an integer in the range of Int8")
        #expect(try failure("-1", as: UInt.self) == "the number is not an integer in the range of UInt")
        #expect(try decode("18446744073709551615", as: UInt64.self) == .max)
    }

    @Test func `floating-point numbers must be finite`() throws {
        #expect(try decode("[1e308, 1e-300]", as: [Double].self) == [1e308, 1e-300])
        #expect(try failure("1e309", as: Double.self) == "the number is not in the range of Double")
        #expect(try failure("1e39", as: Float.self) == "the number is not in the range of Float")
    }

    @Test(arguments: [
        (#"{"id": 1, "isActive": 1}"#, "isActive: expected a boolean, found a number"),
        (#"{"id": "1"}"#, "id: expected an integer, found a string"),
        (#"{"id": 1, "isActive": true}"#, "division: the member is missing"),
        (#"{"id": 1, "isActive": null}"#, "isActive: expected a boolean, found null"),
        (#"{"id": 1, "isActive": true, "division": []}"#, "division: expected an object, found an array"),
        (
            #"{"id": 1, "isActive": true, "division": {"id": "", "weights": [0, "x"]}}"#,
            "division.weights[1]: expected a number, found a string"
        ),
        (
            #"{"id": 1, "isActive": true, "division": {"id": "", "weights": []}, "labels": {"a\n": 1}}"#,
            #"labels.a\n: expected a string, found a number"#
        ),
        ("[]", "expected an object, found an array"), ("null", "expected an object, found null"),
    ])
    func `an error names the path and both types, but not the value`(text: String, expected: String) throws {
        #expect(try failure(text, as: Queue.self) == expected)
    }

    @Test func `an unknown case of an enumeration is refused`() throws {
        #expect(try failure(#"{"s": "paused"}"#, as: [String: State].self).hasPrefix("s: "))
    }

    @Test func `the last of several members with the same name is used`() throws {
        #expect(try decode(#"{"a": 1, "a": 2}"#, as: [String: Int].self) == ["a": 2])
    }

    @Test func `large objects and arrays are decoded in linear time`() throws {
        let names = (0..<20_000).map { "\"member\($0)\":\($0)" }
        let members: [String: Int] = try decode("{" + names.joined(separator: ",") + "}")
        #expect(members.count == 20_000)
        #expect(members["member19999"] == 19_999)
    }

    private struct Nested: Decodable {
        var first: Int
        var rest: [Int] = []
        var name: String

        enum Outer: String, CodingKey { case values, names }
        enum Inner: String, CodingKey { case name }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Outer.self)
            var values = try container.nestedUnkeyedContainer(forKey: .values)
            first = try values.decode(Int.self)
            while !values.isAtEnd {
                if try !values.decodeNil() { rest.append(try values.decode(Int.self)) }
            }
            name = try container.nestedContainer(keyedBy: Inner.self, forKey: .names).decode(String.self, forKey: .name)
        }
    }

    @Test func `nested containers and explicit nulls are decoded`() throws {
        let nested = try decode(#"{"values": [1, null, 2], "names": {"name": "n"}}"#, as: Nested.self)
        #expect(nested.first == 1)
        #expect(nested.rest == [2])
        #expect(nested.name == "n")
        #expect(try failure(#"{"values": []}"#, as: Nested.self) == "values[0]: the array has no more elements")
    }

    private class Base: Codable {
        var id = 1
    }
    private final class Derived: Base {
        var name = "n"

        private enum CodingKeys: CodingKey { case name }

        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test func `the value of a superclass is a member named super`() throws {
        let json = try JSON(encoding: Derived())
        #expect(json.description == #"{"name":"n","super":{"id":1}}"#)
        let derived: Derived = try json.decoded()
        #expect(derived.id == 1)
    }

    @Test func `encoding and decoding returns an equal value`() throws {
        let queue = try decode(Self.queue, as: Queue.self)
        let json = try JSON(encoding: queue)
        #expect(try json.decoded(as: Queue.self) == queue)
        #expect(json["id"] == .number("9007199254740993"))
        #expect(json["division"]?.members?.map(\.name) == ["id", "weights"])
        #expect(json["extra"]?.description == #"{"z":1.10,"a":[true]}"#)
    }

    @Test func `encodes values at the top level`() throws {
        #expect(try JSON(encoding: [1, nil, 3] as [Int?]).description == "[1,null,3]")
        #expect(try JSON(encoding: "text").description == #""text""#)
        #expect(try JSON(encoding: [String: Int]()).description == "{}")
        #expect(try JSON(encoding: Int128.max).description == "170141183460469231731687303715884105727")
        #expect(try JSON(encoding: State.active).description == #""active""#)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan])
    func `a number that JSON does not have is refused`(number: Double) {
        #expect(throws: EncodingError.self) { try JSON(encoding: ["a": number]) }
    }
}
