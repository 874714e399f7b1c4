using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Control;
using ActorTrain.Models;
using ActorTrain.Models.Plan;

namespace ActorTrain.Host.Tests.Control;

/// <summary>What <c>docs/</c> says of the control API is what the code does.</summary>
public sealed class ControlSchemaTests
{
    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string Docs = Path.Combine(Root(), "docs");

    /// <summary>ACTORTRAIN_REWRITE=1 rewrites the file; review it as a diff.</summary>
    [Fact]
    public void The_schema_in_docs_is_that_of_the_documents()
    {
        var schema = Schema();
        var text = schema.ToJsonString(Readable) + "\n";
        var file = Path.Combine(Docs, "control-api.schema.json");
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_REWRITE") == "1")
            File.WriteAllText(file, text);
        File.ReadAllText(file).ShouldBe(text);
    }

    [Fact]
    public void The_page_names_every_endpoint_with_a_body_that_it_takes()
    {
        var page = File.ReadAllText(Path.Combine(Docs, "control-api.md"));
        foreach (var endpoint in ControlApi.All)
        {
            page.ShouldContain($"| `{endpoint}` |");
            if (endpoint.Body.Type != typeof(NoBody))
                page.ShouldContain($"`{endpoint.Example}`");
        }
    }

    [Fact]
    public void Every_reference_of_the_schema_resolves()
    {
        var schema = Schema();
        var references = ReferencesIn(schema).ToList();
        references.Count.ShouldBeGreaterThan(2 * ControlApi.All.Count - 1);
        foreach (var reference in references)
            Resolve(schema, reference).ShouldNotBeNull(reference);
    }

    /// <summary>A tree of three levels and interventions: every type that a status has.</summary>
    [Fact]
    public void An_answer_of_each_kind_is_as_its_schema_says()
    {
        var schema = Schema();
        var leaf = new ActorNode("trainer-0", "joining", 1, 3, "{0-3}", "It threw.", []);
        var tree = new ActorNode("run", "training", 0, null, null, null, [new ActorNode("trainers", "", 0, null, null, null, [leaf])]);
        var skip = new Intervention(1, 8, [new SkippedRange(64, 16, "spike")], 1, "ann", "loss spike") { Steps = 9 };
        var status = new StatusDocument("runs/book", "running", 12, 100, 4, 1, null, ["It was stopped."], tree);
        foreach (var document in (StatusDocument[])[status, status with { Tree = null, Steps = null },
            status with { Overrides = new OverridesDocument(true, [1], [skip], [skip], 0.5, 2, 0, 1, 0) }])
            Deviations(schema, "StatusDocument", JsonSerializer.SerializeToNode(document, ControlApi.Json.StatusDocument)).ShouldBeEmpty();
        Deviations(schema, "TraceDocument", JsonSerializer.SerializeToNode(
            new TraceDocument(new StepTrace([0, 10.5], [new HandledMessage("trainer-0", "Work", 1, 2.25)])),
            ControlApi.Json.TraceDocument)).ShouldBeEmpty();

        var damaged = JsonSerializer.SerializeToNode(status, ControlApi.Json.StatusDocument)!;
        damaged["tree"]!["children"]![0]!["children"]![0]!.AsObject().Remove("restarts");
        Deviations(schema, "StatusDocument", damaged).ShouldBe(["$.tree.children[0].children[0].restarts is missing"]);
    }

    private static JsonObject Schema()
    {
        var endpoints = new JsonObject();
        var definitions = new JsonObject();
        foreach (var endpoint in ControlApi.All)
        {
            var entry = new JsonObject { ["answer"] = Reference(endpoint.Answer, definitions) };
            if (endpoint.Method != "GET")
                entry.Insert(0, "body", Reference(endpoint.Body, definitions));
            endpoints[endpoint.ToString()] = entry;
        }

        Reference(ControlApi.Json.ProblemDocument, definitions);
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Documents of the control API; every refusal is a ProblemDocument",
            ["endpoints"] = endpoints,
            ["$defs"] = definitions,
        };
    }

    private static JsonObject Reference(JsonTypeInfo type, JsonObject definitions)
    {
        if (!definitions.ContainsKey(type.Type.Name))
        {
            // In its place before its members are, which may refer to it.
            definitions[type.Type.Name] = null;
            definitions[type.Type.Name] = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions
            {
                TreatNullObliviousAsNonNullable = true,
                TransformSchemaNode = (context, schema) => Described(context, schema, definitions),
            });
        }

        return new JsonObject { ["$ref"] = $"#/$defs/{type.Type.Name}" };
    }

    // Every object has a definition of its own. A type with a converter of its own has no schema.
    private static JsonNode Described(JsonSchemaExporterContext context, JsonNode schema, JsonObject definitions)
    {
        if (context.TypeInfo.Type is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(EquatableArray<>))
        {
            var element = context.TypeInfo.Options.GetTypeInfo(type.GetGenericArguments()[0]);
            return new JsonObject { ["type"] = "array", ["items"] = Reference(element, definitions) };
        }

        if (context.TypeInfo.Kind != JsonTypeInfoKind.Object || context.Path.IsEmpty)
            return schema;
        var reference = Reference(context.TypeInfo, definitions);
        return context.PropertyInfo is { IsGetNullable: true }
            ? new JsonObject { ["anyOf"] = new JsonArray(reference, new JsonObject { ["type"] = "null" }) }
            : reference;
    }

    private static IEnumerable<string> ReferencesIn(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(static member =>
            member.Key == "$ref" ? [member.Value!.GetValue<string>()] : ReferencesIn(member.Value)),
        JsonArray items => items.SelectMany(ReferencesIn),
        _ => [],
    };

    // From the root of the document, as a reader of the file resolves it.
    private static JsonNode? Resolve(JsonNode schema, string reference) => reference[0] != '#' ? null
        : reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode?)schema, static (node, name) => node switch
        {
            JsonObject members => members[name],
            JsonArray items when int.TryParse(name, out var index) && index < items.Count => items[index],
            _ => null,
        });

    /// <summary>Where a document is not as a definition says: a type is another, a member missing or unknown.</summary>
    private static List<string> Deviations(JsonNode root, string definition, JsonNode? document) =>
        Deviations(root, Resolve(root, $"#/$defs/{definition}")!, document, "$").ToList();

    private static IEnumerable<string> Deviations(JsonNode root, JsonNode schema, JsonNode? value, string at)
    {
        if (schema["$ref"] is { } reference)
            return Deviations(root, Resolve(root, reference.GetValue<string>())!, value, at);
        if (schema["anyOf"] is JsonArray choices)
            return choices.Select(choice => Deviations(root, choice!, value, at).ToList()).MinBy(static found => found.Count)!;
        var types = schema["type"] is JsonArray several ? several.Select(static type => type!.GetValue<string>()) :
            [schema["type"]!.GetValue<string>()];
        var actual = value?.GetValueKind() switch
        {
            null => "null",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Number => types.Contains("integer") && long.TryParse(value.ToJsonString(), out _) ? "integer" : "number",
            var kind => kind.ToString()!.ToLowerInvariant(),
        };
        if (!types.Contains(actual))
            return [$"{at} is {actual}"];
        return value switch
        {
            JsonArray items => items.SelectMany((item, index) => Deviations(root, schema["items"]!, item, $"{at}[{index}]")),
            JsonObject members => (schema["required"]?.AsArray() ?? []).Select(static name => name!.GetValue<string>())
                .Where(name => !members.ContainsKey(name)).Select(name => $"{at}.{name} is missing")
                .Concat(members.SelectMany(member => schema["properties"]?[member.Key] is { } described
                    ? Deviations(root, described, member.Value, $"{at}.{member.Key}") : [$"{at}.{member.Key} is unknown"])),
            _ => [],
        };
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ActorTrain.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests do not run in a checkout.");
    }
}
