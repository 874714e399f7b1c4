using System.Reflection;
using NetArchTest.Rules;

namespace ActorTrain.Architecture.Tests;

/// <summary>Imports run one way: host, actors, and below them persistence, data and models.</summary>
public sealed class ImportTests
{
    [Theory]
    [InlineData("values", "ActorTrain.Data", "ActorTrain.Persistence", "ActorTrain.Actors", "ActorTrain.Host", "ActorTrain.Chaos", "Akka",
        "TorchSharp")]
    [InlineData("models", "ActorTrain.Data", "ActorTrain.Persistence", "ActorTrain.Actors", "ActorTrain.Host", "ActorTrain.Chaos", "Akka")]
    [InlineData("data", "ActorTrain.Persistence", "ActorTrain.Actors", "ActorTrain.Host", "Akka")]
    [InlineData("persistence", "ActorTrain.Data", "ActorTrain.Actors", "ActorTrain.Host", "Akka")]
    [InlineData("actors", "ActorTrain.Host", "ActorTrain.Chaos", "Spectre", "System.CommandLine", "YamlDotNet")]
    public void No_room_imports_one_above_it(string room, params string[] forbidden)
    {
        var assembly = RoomOf(room);
        var result = Types.InAssembly(assembly).ShouldNot().HaveDependencyOnAny(forbidden).GetResult();
        (result.FailingTypeNames ?? []).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("data")]
    [InlineData("persistence")]
    public void Who_reads_and_writes_files_loads_no_libtorch(string room)
    {
        var reached = House.ReachOf(RoomOf(room));
        reached.ShouldContain("ActorTrain.Values");
        reached.Where(static name => name == "ActorTrain.Models" || name.StartsWith("TorchSharp", StringComparison.Ordinal))
            .ShouldBeEmpty();

        // The same walk finds both where they are.
        House.ReachOf(House.Actors).ShouldContain("ActorTrain.Models");
        House.ReachOf(House.Actors).ShouldContain("TorchSharp");
    }

    [Fact]
    public void The_protocol_imports_no_actor()
    {
        foreach (var sibling in House.FoldersOf(House.Actors)
            .Where(static folder => folder is not ("ActorTrain.Actors" or "ActorTrain.Actors.Protocol")))
            House.Importers(House.Actors, "ActorTrain.Actors.Protocol", sibling).ShouldBeEmpty(sibling);
    }

    [Fact]
    public void Only_the_composition_root_has_settings_of_actor_systems_and_makes_actors()
    {
        House.Importers(House.Actors, "ActorTrain.Actors.Hosting", "Akka.Configuration").ShouldNotBeEmpty();
        foreach (var folder in House.FoldersOf(House.Actors).Where(static folder => folder != "ActorTrain.Actors.Hosting"))
            House.Importers(House.Actors, folder, "Akka.Configuration").ShouldBeEmpty(folder);
        House.Sources("actors", "host").Where(static source => source.Text.Contains("Props.Create", StringComparison.Ordinal))
            .Select(static source => source.Folder).Distinct()
            .ShouldBe(["actors/Hosting"]);
    }

    [Fact]
    public void What_outlives_a_process_is_decided_without_an_actor_system()
    {
        foreach (var folder in new[] { "ActorTrain.Actors.Protocol", "ActorTrain.Actors.Recovery" })
            House.Importers(House.Actors, folder, "Akka").ShouldBeEmpty(folder);
    }

    [Theory]
    [InlineData("values", 5)]
    [InlineData("models", 10)]
    [InlineData("data", 4)]
    [InlineData("persistence", 8)]
    [InlineData("actors", 10)]
    [InlineData("host", 10)]
    public void No_folder_imports_one_that_imports_it(string room, int least)
    {
        var imports = House.Imports(RoomOf(room));
        imports.Count.ShouldBeGreaterThan(least);
        List<string> cycles = [];
        foreach (var folder in imports.Keys)
            Follow(folder, [folder]);
        cycles.ShouldBeEmpty();

        void Follow(string folder, List<string> way)
        {
            foreach (var next in imports[folder])
            {
                if (next == way[0])
                    cycles.Add(string.Join(" -> ", [.. way, next]));
                else if (!way.Contains(next))
                    Follow(next, [.. way, next]);
            }
        }
    }

    private static Assembly RoomOf(string room) => room switch
    {
        "values" => House.Values,
        "models" => House.Models,
        "data" => House.Data,
        "persistence" => House.Persistence,
        "actors" => House.Actors,
        "host" => House.Host,
        _ => throw new ArgumentOutOfRangeException(nameof(room), room, "There is no such room."),
    };
}
