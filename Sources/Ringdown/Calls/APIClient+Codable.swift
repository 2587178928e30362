internal import RingdownCore

extension APIClient {
    /// Sends a GET call and decodes the response.
    ///
    /// ```swift
    /// struct Organization: Decodable { var id: String, name: String }
    /// let organization = try await client.get("/api/v2/organizations/me", as: Organization.self)
    /// ```
    ///
    /// - Parameters:
    ///   - path: The path with the query, or an absolute URL on a host of the platform.
    ///   - type: The type of the response.
    /// - Returns: The decoded response. An empty response (204) is decoded as `null`.
    /// - Throws: As ``send(_:)``, and ``APIError`` with the path of the member if the response does not match the type.
    public func get<Value: Decodable>(_ path: String, as type: Value.Type) async throws -> Value {
        try await decoded(APICall(path), type)
    }

    /// Sends a POST call and decodes the response.
    ///
    /// - Parameters:
    ///   - path: The path with the query, or an absolute URL on a host of the platform.
    ///   - body: The value that is encoded as the JSON of the request.
    ///   - type: The type of the response.
    ///   - isIdempotent: Whether the call may be retried if its outcome is unknown, such as a query (default: false).
    /// - Returns: The decoded response. An empty response (204) is decoded as `null`.
    /// - Throws: `EncodingError` if the body cannot be encoded, and as ``get(_:as:)``.
    public func post<Value: Decodable>(
        _ path: String, _ body: some Encodable, as type: Value.Type, isIdempotent: Bool = false
    ) async throws -> Value {
        try await decoded(APICall("POST", path, json: JSON(encoding: body), isIdempotent: isIdempotent), type)
    }

    /// Sends a PUT call and decodes the response.
    ///
    /// - Parameters:
    ///   - path: The path with the query, or an absolute URL on a host of the platform.
    ///   - body: The value that is encoded as the JSON of the request.
    ///   - type: The type of the response.
    /// - Returns: The decoded response. An empty response (204) is decoded as `null`.
    /// - Throws: `EncodingError` if the body cannot be encoded, and as ``get(_:as:)``.
    public func put<Value: Decodable>(
        _ path: String, _ body: some Encodable, as type: Value.Type
    ) async throws -> Value {
        try await decoded(APICall("PUT", path, json: JSON(encoding: body)), type)
    }

    /// Sends a PATCH call and decodes the response.
    ///
    /// - Parameters:
    ///   - path: The path with the query, or an absolute URL on a host of the platform.
    ///   - body: The value that is encoded as the JSON of the request.
    ///   - type: The type of the response.
    /// - Returns: The decoded response. An empty response (204) is decoded as `null`.
    /// - Throws: `EncodingError` if the body cannot be encoded, and as ``get(_:as:)``.
    public func patch<Value: Decodable>(
        _ path: String, _ body: some Encodable, as type: Value.Type
    ) async throws -> Value {
        try await decoded(APICall("PATCH", path, json: JSON(encoding: body)), type)
    }

    private func decoded<Value: Decodable>(_ call: APICall, _ type: Value.Type) async throws -> Value {
        let json = try await json(call)
        do { return try json.decoded(as: type) } catch let error as DecodingError {
            throw APIError(
                .malformedResponse, "the response of \(call.title) does not match \(type): \(error.summary)",
                hint: "compare the type with the API description, or make the member optional")
        }
    }

    /// Returns the items of a list, decoded, in any paging style of the platform.
    ///
    /// - Parameters:
    ///   - call: The call for the first page.
    ///   - type: The type of an item.
    ///   - itemsMember: The member of a page that contains the items (default: detected).
    ///   - identity: The member that identifies an item, to drop duplicates; nil to keep all items (default: `id`).
    /// - Returns: The items. The iteration throws ``APIError`` with the page, the item and the path of the member if an item does
    ///   not match the type.
    public func pages<Item: Decodable & Sendable>(
        _ call: APICall, as type: Item.Type, itemsMember: String? = nil, identity: String? = "id"
    ) -> Items<Item> {
        Items(pages: pages(call, itemsMember: itemsMember, identity: identity)) { bytes in
            try JSONReader.parse(bytes).decoded(as: type)
        }
    }

    /// Returns the users of the organisation, or the agents of the business unit, decoded.
    ///
    /// - Parameters:
    ///   - type: The type of a user.
    ///   - pageSize: The number of users per page (default: 100).
    /// - Returns: The users. The iteration throws as that of ``pages(_:as:itemsMember:identity:)``.
    public func users<Item: Decodable & Sendable>(as type: Item.Type, pageSize: Int = 100) -> Items<Item> {
        Items(pages: users(pageSize: pageSize).pages) { bytes in try JSONReader.parse(bytes).decoded(as: type) }
    }
}
