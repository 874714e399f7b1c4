using ActorTrain.Actors.Election;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Nodes;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Diagnostics;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Host.Tests;

public sealed class SetupFindingsTests : IDisposable
{
    private const string Three = "127.0.0.1:4054,127.0.0.1:4055,127.0.0.1:4056";
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("", "", FindingState.Warning, "SQLite", "cluster.control")]
    [InlineData("Host=db", "", FindingState.Warning, "one process may lead", "set cluster.control")]
    [InlineData("Host=db", "127.0.0.1:4054", FindingState.Warning, "one process may lead", "three processes")]
    [InlineData("", Three, FindingState.Bad, "journal", "PostgreSQL")]
    [InlineData("Host=db", Three, FindingState.Good, "3 processes may lead, of which 2 may be lost", null)]
    public void The_loss_of_the_leader_is_survived_by_several_processes_and_a_shared_journal(
        string journal, string control, FindingState state, string found, string? fix)
    {
        var leader = SetupFindings.Of(new RunConfiguration
        {
            Journal = new JournalOptions { Connection = journal },
            Cluster = new ClusterOptions { Control = control },
        }, Now)[0];
        leader.State.ShouldBe(state);
        leader.Found.ShouldContain(found);
        if (fix is null)
            leader.Fix.ShouldBeNull();
        else
            leader.Fix.ShouldNotBeNull().ShouldContain(fix);
    }

    [Theory]
    [InlineData("", "", FindingState.Good)]
    [InlineData("127.0.0.1:4053", "", FindingState.Warning)]
    [InlineData("", Three, FindingState.Warning)]
    public void Whoever_may_join_in_plain_text_is_said(string listen, string control, FindingState state) =>
        SetupFindings.Of(new RunConfiguration
        {
            Nodes = new NodesOptions { Listen = listen },
            Cluster = new ClusterOptions { Control = control },
        }, Now)[1].State.ShouldBe(state);

    [Fact]
    public void Certificates_that_expire_within_30_days_are_named()
    {
        var certificates = new CertificateFolder(Path.Combine(folder, "certificates"));
        CertificateAuthority.Create(certificates, 1000, Now);
        foreach (var (name, days) in new[] { ("long", 31), ("soon", 29), ("over", 1) })
            CertificateAuthority.Issue(certificates, new CertifiedPeer(name, NodeRoles.Control, [], default), false, days, Now);
        var found = Found(Now.AddDays(1).AddHours(-1), certificates.Path);
        found.Select(static one => one.State).ShouldBe(
            [FindingState.Good, FindingState.Good, FindingState.Warning, FindingState.Warning]);
        var over = Found(Now.AddDays(2), certificates.Path).Single(static one => one.Name == "certificate of over");
        over.State.ShouldBe(FindingState.Bad);
        over.Fix.ShouldNotBeNull().ShouldContain("cluster cert over --renew");
        Found(Now, folder).ShouldHaveSingleItem().State.ShouldBe(FindingState.Bad);
    }

    private static IReadOnlyList<Finding> Found(DateTimeOffset now, string path) =>
    [
        .. SetupFindings.Of(new RunConfiguration
        {
            Nodes = new NodesOptions { Listen = "10.0.0.1:4053", Certificates = path },
        }, now).Skip(2),
    ];
}
