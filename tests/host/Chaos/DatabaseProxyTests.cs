using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Chaos;

namespace ActorTrain.Host.Tests.Chaos;

public sealed class DatabaseProxyTests
{
    [Fact]
    public async Task Connections_go_through_are_cut_while_the_server_is_away_and_go_through_again()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var proxy = new DatabaseProxy($"Host=127.0.0.1;Port={((IPEndPoint)server.LocalEndpoint).Port};Database=runs;Username=me");
        var connection = new DbConnectionStringBuilder { ConnectionString = proxy.Connection };
        connection["Database"].ShouldBe("runs");

        using var first = await Connect();
        using var far = await server.AcceptTcpClientAsync();
        await far.GetStream().WriteAsync("ab"u8.ToArray());
        var read = new byte[2];
        await first.GetStream().ReadExactlyAsync(read);
        read.ShouldBe("ab"u8.ToArray());

        proxy.SetAway(true);
        (await End(first)).ShouldBe(0);
        using var refused = await Connect();
        (await End(refused)).ShouldBe(0);

        proxy.SetAway(false);
        using var again = await Connect();
        using var there = await server.AcceptTcpClientAsync();
        await again.GetStream().WriteAsync("c"u8.ToArray());
        (await there.GetStream().ReadAsync(read)).ShouldBe(1);

        async Task<TcpClient> Connect()
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback,
                int.Parse($"{connection["Port"]}", System.Globalization.CultureInfo.InvariantCulture));
            return client;
        }

        static async Task<int> End(TcpClient client)
        {
            try
            {
                return await client.GetStream().ReadAsync(new byte[1]);
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }
}
