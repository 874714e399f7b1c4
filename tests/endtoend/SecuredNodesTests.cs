using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs whose nodes prove who they are; whoever cannot is refused, and changes nothing.</summary>
[Collection(nameof(RealRun))]
public sealed class SecuredNodesTests(RealRun real)
{
    private const int Steps = 300;

    [Fact]
    public void Nodes_with_certificates_train_to_the_same_bits_whoever_else_comes()
    {
        real.Run(Pretrain("secured-single")).ShouldSucceed();
        Certificates("secured-ca");
        Make("secured-ca", "leader", "--role", "control");
        foreach (var name in new[] { "gpu-1", "gpu-2", "other" })
            Make("secured-ca", name);
        Certificates("secured-foreign");
        Make("secured-foreign", "foreign");
        var address = FreeAddress.Find();
        var join = new[] { "node", "--join", address.ToString() };
        using var first = real.Start([.. join, "--certificates", "secured-ca", "--certificate", "gpu-1"]);
        using var second = real.Start([.. join, "--certificates", "secured-ca", "--certificate", "gpu-2"]);
        using (var run = new RunOnNodes(real, "secured", Pretrain("secured", $"nodes.listen={address}", "nodes.certificates=secured-ca",
            "nodes.certificate=leader", "nodes.timeout=5", "trainers.count=2", "trainers.max_restarts=0")))
        {
            run.WaitForLine(default, "gpu-1 joined").ShouldNotBeNull(run.Output);
            run.WaitForLine(default, "gpu-2 joined").ShouldNotBeNull(run.Output);

            // Nodes in plain text and of another authority dial without end; others send something else.
            using var plain = real.Start([.. join, "--name", "plain"]);
            using var foreign = real.Start([.. join, "--certificates", "secured-foreign"]);
            plain.StandardError.ReadLine().ShouldNotBeNull().ShouldContain("--certificates");
            foreign.StandardError.ReadLine().ShouldNotBeNull().ShouldContain("another authority signed it");
            for (var i = 0; i < 20; i++)
                Send(address, "GET / HTTP/1.1\r\n\r\n"u8);
            run.WaitForRows(5).ShouldNotBeNull();

            // A renewed certificate is used by the next connection.
            Make("secured-ca", "gpu-2", "--renew");
            var at = run.Now;
            run.Signal(second.Id, "STOP");
            run.WaitForLine(at, "lost gpu-2").ShouldNotBeNull(run.Output);
            run.Signal(second.Id, "CONT");
            run.WaitForLine(at, "gpu-2 joined").ShouldNotBeNull(run.Output);
            run.End().ShouldSucceed();
            foreach (var process in (Process[])[plain, foreign])
                process.Kill();
        }

        real.NewestWeights("secured").ShouldBe(real.NewestWeights("secured-single"));
        real.Run("audit", "secured").ShouldSucceed();
        File.ReadLines(Path.Combine(real.RunFolder("secured"), "run.log"))
            .Count(static line => line.Contains("A connection to the", StringComparison.Ordinal)).ShouldBe(1);
        foreach (var node in (Process[])[first, second])
        {
            using var term = real.StartIn("", "kill", ["-TERM", node.Id.ToString(CultureInfo.InvariantCulture)]);
            Outcome.Of(node).ShouldSucceed();
        }
    }

    /// <summary>Processes of the run itself prove who they are with its certificate.</summary>
    [Fact]
    [Trait("Category", "Cluster")]
    public void Workers_of_a_run_with_certificates_use_its_own()
    {
        real.Run(Pretrain("secured-single")).ShouldSucceed();
        Certificates("secured-own");
        Make("secured-own", "leader", "--role", "control");
        real.Run([.. Pretrain("secured-workers", "nodes.certificates=secured-own"), "--nodes", "2"]).ShouldSucceed();
        real.NewestWeights("secured-workers").ShouldBe(real.NewestWeights("secured-single"));
    }

    [Fact]
    public void What_certificates_do_not_allow_is_refused_in_a_sentence()
    {
        var run = Pretrain("secured-refused", "nodes.listen=127.0.0.1:4053");
        real.Run([.. run, "--set", "nodes.certificates=nowhere"]).ShouldRefuse("nowhere has no certificate", "actortrain cluster cert");
        real.Run([.. Pretrain("secured-refused"), "--set", "nodes.listen=192.0.2.1:4053"])
            .ShouldRefuse("nodes.listen is '192.0.2.1:4053'", "nodes.certificates", "actortrain cluster init");
        real.Run("cluster", "cert", "a", "--directory", "nowhere").ShouldRefuse("actortrain cluster init nowhere");
        Certificates("secured-bad");
        real.Run("cluster", "init", "secured-bad").ShouldRefuse("ca.pem exists");
        Make("secured-bad", "gpu-1");
        real.Run("cluster", "cert", "gpu-1", "--directory", "secured-bad").ShouldRefuse("--renew");
        real.Run("cluster", "cert", "ca", "--directory", "secured-bad").ShouldRefuse("NAME is 'ca'");
        real.Run("cluster", "cert", "b", "--role", "boss", "--directory", "secured-bad").ShouldRefuse("--role is 'boss'");
        real.Run("cluster", "cert", "b", "--host", "here", "--directory", "secured-bad").ShouldRefuse("--host is 'here'");
        real.Run("cluster", "list", "--directory", "secured-bad").ShouldSucceed().Output.ShouldName("authority", "gpu-1", "worker");
        real.Run("cluster").ShouldRefuse("init, cert, list");
        real.Run("cluster", "in", "x").ShouldRefuse("cluster has no command 'in'", "init");

        // Its one certificate is a worker's, so no process leads with it.
        real.Run([.. run, "--set", "nodes.certificates=secured-bad"]).ShouldRefuse("for worker, but control is needed", "--role control");
        var join = new[] { "node", "--join", "127.0.0.1:4053" };
        real.Run([.. join, "--certificates", "secured-bad", "--name", "gpu-2"]).ShouldRefuse("--name is 'gpu-2'", "gpu-1");
        real.Run([.. join, "--certificate", "gpu-1"]).ShouldRefuse("--certificate needs --certificates");
        Directory.Exists(real.RunFolder("secured-refused")).ShouldBeFalse();

        // An address that this machine does not have.
        Make("secured-bad", "leader", "--role", "control");
        real.Run([.. Pretrain("secured-nowhere", "nodes.listen=203.0.113.7:4053", "nodes.certificates=secured-bad", "nodes.certificate=leader")])
            .ShouldRefuse("nodes.listen is '203.0.113.7:4053'", "a free port");
    }

    private static string[] Pretrain(string name, params string[] more) => RealRun.Pretrain(name, "float32",
        [$"training.steps={Steps}", "checkpoints.every=100", "evaluation.every=300", .. more]);

    private static void Send(IPEndPoint to, ReadOnlySpan<byte> bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(to);
        socket.Send(bytes);
    }

    private void Certificates(string folder) => real.Run("cluster", "init", folder).ShouldSucceed();

    private void Make(string folder, string name, params string[] more) =>
        real.Run(["cluster", "cert", name, "--directory", folder, .. more]).ShouldSucceed();
}
